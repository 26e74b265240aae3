"""Resumes, clones and deletes jobs."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Header, Request, Response

from api.dependencies import ServicesDep
from api.http.status_codes import SUBMITTING
from api.routes.jobs.job_response import notify_workers, show
from api.routes.jobs.request_bodies import CLONE_BODY, OptionalBody
from api.schemas.jobs import JobDocument
from api.schemas.problems import problems
from jobs.errors import (
    IdempotencyKeyReusedError,
    JobInUseError,
    JobNotFoundError,
    JobNotTerminalError,
    NotResumableError,
    TooManyJobsError,
)
from jobs.lifecycle import resume_and_delete
from jobs.spec.job import job_spec
from jobs.submission import clone

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.post("/{job_id}/resume", status_code=202, responses=problems(JobNotFoundError, NotResumableError))
def resume_job(services: ServicesDep, job_id: str, background: BackgroundTasks) -> JobDocument:
    """Queue a failed or cancelled job again; the next attempt resumes from the last checkpoint.

    The job keeps its id and its curves. Its deadlines and its count of lost attempts start again. A range test starts
    from the beginning. Children that did not succeed (a training's range test, the jobs of a sweep) are resumed too.
    """
    runnable = resume_and_delete.resume(services.database, job_id)
    background.add_task(notify_workers, services, *runnable)
    return show(services, job_id)


@router.post(
    "/{job_id}/clone",
    status_code=202,
    openapi_extra=CLONE_BODY,
    responses=problems(400, 413, 422, IdempotencyKeyReusedError, TooManyJobsError, *SUBMITTING),
)
def clone_job(  # noqa: PLR0913, PLR0917 - FastAPI hands in each by its type
    services: ServicesDep, job_id: str, asked: OptionalBody, request: Request, response: Response,
    background: BackgroundTasks,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDocument:  # fmt: skip
    """Submit a job's spec as a new job, with the merge patch in the body applied and validated as usual."""
    document = clone.patched_spec(services.database, job_id, asked.document)
    request.state.body = document  # the document that errors point into
    spec = job_spec.validate_python(document)
    submitted = clone.submit_clone(services.database, job_id, spec, key=idempotency_key, body=asked.body)
    if submitted.is_new:
        background.add_task(notify_workers, services, submitted.runnable_id, *submitted.more_runnable_ids)
    response.headers["Location"] = f"/v1/jobs/{submitted.job_id}"
    return show(services, submitted.job_id)


@router.delete("/{job_id}", status_code=204, responses=problems(JobNotFoundError, JobNotTerminalError, JobInUseError))
def delete_job(services: ServicesDep, job_id: str) -> None:
    """Delete an ended job, its children, and their curves, events and files. This cannot be undone."""
    resume_and_delete.delete_job(services.database, services.store, services.settings.runs_dir, job_id)
