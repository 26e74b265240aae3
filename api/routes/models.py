"""Models: what can be trained."""

from fastapi import APIRouter

from api.schemas.models import ModelCatalog
from jobs.spec.models import catalog

router = APIRouter(prefix="/v1", tags=["models"])


@router.get("/models")
def list_models() -> ModelCatalog:
    """Every model by name, with a line of help and the JSON Schema of its document in ``conditions.model``."""
    return ModelCatalog.model_validate({"data": catalog()})
