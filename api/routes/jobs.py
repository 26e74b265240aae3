"""Jobs: submit, show, list, cancel, bounds, curves."""

import logging
from typing import Annotated, Literal

from fastapi import APIRouter, BackgroundTasks, Header, Query, Response
from pydantic import Field

from api.deps import Parts, Services, SpecBody, body_of
from api.examples import JOB_SPECS
from api.schemas import CurvesDocument, JobDocument, JobList, LrBoundsDocument, problems
from jobs import repository, service
from jobs.bounds import bounds_document
from jobs.curves import Axis, curves
from jobs.errors import BrokerUnreachableError
from jobs.status import Status

log = logging.getLogger(__name__)

Metric = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]{1,40}$")]

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.post(
    "", status_code=202, openapi_extra=body_of("JobSpec", JOB_SPECS), responses=problems(400, 404, 409, 413, 422)
)
def submit_job(
    parts: Parts, asked: SpecBody, response: Response, background: BackgroundTasks,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDocument:  # fmt: skip
    """Accept a job. It is stored when the answer leaves; ``Location`` says where to ask for it."""
    submitted = service.submit(parts.database, asked.spec, key=idempotency_key, body=asked.body)
    if submitted.is_new:
        background.add_task(_ring, parts, submitted.ring_id)
    response.headers["Location"] = f"/v1/jobs/{submitted.job_id}"
    return _show(parts, submitted.job_id)


def _ring(parts: Services, job_id: str) -> None:
    try:
        parts.doorbell.ring(job_id)
    except BrokerUnreachableError as error:
        log.warning("%s waits for a sweep: %s", job_id, error)


@router.get("", responses=problems(422))
def list_jobs(
    parts: Parts, status: Status | None = None, kind: Literal["lr_find", "train"] | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^job_[0-9a-f]{32}$")] = None,
) -> JobList:  # fmt: skip
    """Jobs from new to old. ``cursor`` is the ``next_cursor`` of the page before."""
    with parts.database.read() as session:
        rows = repository.list_jobs(session, status=status, kind=kind, before=cursor, limit=limit + 1)
        shown = rows[:limit]
        more = shown[-1].id if len(rows) > limit else None
        return JobList(data=[JobDocument.of(session, row) for row in shown], next_cursor=more)


@router.get("/{job_id}", responses=problems(404))
def show_job(parts: Parts, job_id: str) -> JobDocument:
    """One job: status, progress, attempts, result."""
    return _show(parts, job_id)


@router.post("/{job_id}/cancel", status_code=202, responses=problems(404))
def cancel_job(parts: Parts, job_id: str) -> JobDocument:
    """Ask for a job to stop. To repeat it is harmless; a job that has ended stays as it is."""
    service.cancel(parts.database, job_id)
    return _show(parts, job_id)


@router.get("/{job_id}/lr-bounds", responses=problems(404, 409))
def show_bounds(parts: Parts, job_id: str) -> LrBoundsDocument:
    """Bounds of an ``lr_find`` job; 409 until it has ended. ``bounds`` is null where none can be defended."""
    with parts.database.read() as session:
        return LrBoundsDocument(**bounds_document(repository.get_job(session, job_id)))


@router.get("/{job_id}/curves", responses=problems(404, 422))
def show_curves(
    parts: Parts, job_id: str, metric: Annotated[list[Metric], Query(max_length=20)] = [],  # noqa: B006 - FastAPI copies
    x: Literal["step", "lr"] = "step", max_points: Annotated[int, Query(ge=4, le=20_000)] = 2000,
) -> CurvesDocument:  # fmt: skip
    """Metrics over steps or learning rates, all of them unless ``metric`` names some."""
    with parts.database.read() as session:
        job = repository.get_job(session, job_id)
        return CurvesDocument(**curves(session, job.id, metric, Axis(x, max_points)))


def _show(parts: Services, job_id: str) -> JobDocument:
    with parts.database.read() as session:
        return JobDocument.of(session, repository.get_job(session, job_id))
