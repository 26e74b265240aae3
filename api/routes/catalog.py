"""Lists models and schedules, and previews schedules, without a worker or torch."""

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
    """List all models with a description and the JSON Schema of ``conditions.model``."""
    return ModelCatalog.model_validate({"data": models.catalog()})


@router.get("/schedules", tags=["schedules"])
def list_schedules() -> ScheduleCatalog:
    """List all schedules with a description and the JSON Schema of their documents."""
    return ScheduleCatalog.model_validate({"data": builder.catalog()})


@router.post(
    "/schedules:preview", tags=["schedules"],
    openapi_extra=body_of("PreviewSpec", PREVIEWS), responses=problems(400, 413, 422),
)  # fmt: skip
def preview_schedule(asked: PreviewBody) -> SchedulePreview:
    """Compute LR, momentum and batch size over the steps of a training without running it."""
    return SchedulePreview(**preview(asked))
