"""Schedules: what there is, and what a schedule does before anyone trains with it. No worker, no torch."""

from fastapi import APIRouter

from api.deps import PreviewBody, body_of
from api.examples import PREVIEWS
from api.schemas.problems import problems
from api.schemas.schedules import ScheduleCatalog, SchedulePreview
from jobs.spec.schedules.builder import catalog
from jobs.submission.schedule_preview import preview

router = APIRouter(prefix="/v1", tags=["schedules"])


@router.get("/schedules")
def list_schedules() -> ScheduleCatalog:
    """Every schedule by name, with a line of help and the JSON Schema of its document."""
    return ScheduleCatalog.model_validate({"data": catalog()})


@router.post("/schedules:preview", openapi_extra=body_of("PreviewSpec", PREVIEWS), responses=problems(400, 413, 422))
def preview_schedule(asked: PreviewBody) -> SchedulePreview:
    """LR, momentum and batch size over the steps of a training, as it would have them."""
    return SchedulePreview(**preview(asked))
