"""Models and schedules: which there are, and what a schedule does before anyone trains with it. No worker, no torch."""

from fastapi import APIRouter

from api.dependencies import PreviewBody, body_of
from api.openapi.examples import PREVIEWS
from api.schemas.catalog import ModelCatalog, ScheduleCatalog, SchedulePreview
from api.schemas.problems import problems
from jobs.spec import models
from jobs.spec.schedules import builder
from jobs.submission.schedule_preview import preview

router = APIRouter(prefix="/v1")


@router.get("/models", tags=["models"])
def list_models() -> ModelCatalog:
    """Every model by name, with a line of help and the JSON Schema of its document in ``conditions.model``."""
    return ModelCatalog.model_validate({"data": models.catalog()})


@router.get("/schedules", tags=["schedules"])
def list_schedules() -> ScheduleCatalog:
    """Every schedule by name, with a line of help and the JSON Schema of its document."""
    return ScheduleCatalog.model_validate({"data": builder.catalog()})


@router.post(
    "/schedules:preview", tags=["schedules"],
    openapi_extra=body_of("PreviewSpec", PREVIEWS), responses=problems(400, 413, 422),
)  # fmt: skip
def preview_schedule(asked: PreviewBody) -> SchedulePreview:
    """LR, momentum and batch size over the steps of a training, as it would have them."""
    return SchedulePreview(**preview(asked))
