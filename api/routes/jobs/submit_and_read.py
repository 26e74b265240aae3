"""Submits, lists, shows and cancels jobs."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Header, Query, Request, Response
from pydantic import Field

from api.dependencies import ServicesDep, SpecBody, body_of
from api.http.prefer import preferred_wait_s
from api.http.status_codes import SUBMITTING
from api.openapi.examples import JOB_SPECS
from api.routes.jobs.conditional import RETRY_AFTER_S, etag_of, etag_of_list, when_changed
from api.routes.jobs.job_response import notify_workers
from api.routes.jobs.job_response import show as _show
from api.routes.jobs.request_bodies import CANCEL_BODY, CancelBody
from api.schemas.job_query import JobQuery
from api.schemas.jobs import JobDocument, JobList
from api.schemas.problems import problems
from jobs.database import job_list
from jobs.errors import (
    IdempotencyKeyReusedError,
    JobNotFoundError,
    TooManyJobsError,
)
from jobs.submission import submit

Metric = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]{1,40}$")]

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.post(
    "",
    status_code=202,
    openapi_extra=body_of("JobSpec", JOB_SPECS),
    responses=problems(400, 413, 422, IdempotencyKeyReusedError, TooManyJobsError, *SUBMITTING),
)
def submit_job(
    services: ServicesDep, asked: SpecBody, response: Response, background: BackgroundTasks,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDocument:  # fmt: skip
    """Submit a job. It is stored before the response is sent; ``Location`` has its URL."""
    submitted = submit.submit(services.database, asked.spec, key=idempotency_key, body=asked.body)
    if submitted.is_new:
        background.add_task(notify_workers, services, submitted.runnable_id, *submitted.more_runnable_ids)
    response.headers["Location"] = f"/v1/jobs/{submitted.job_id}"
    return _show(services, submitted.job_id)


@router.get("", responses=problems(422) | {304: {"description": "The page has not changed."}})
def list_jobs(
    services: ServicesDep, request: Request, response: Response, asked: Annotated[JobQuery, Query()],
    if_none_match: Annotated[str | None, Header()] = None,
) -> JobList:  # fmt: skip
    """List jobs, newest first. ``cursor`` is the ``next_cursor`` of the previous page; ``Link`` has the full URL.

    With ``If-None-Match`` the response is 304 until a job of the page changes, appears or disappears.
    """
    with services.database.read() as session:
        rows = job_list.list_jobs(session, asked.filter(), before=asked.cursor, limit=asked.limit + 1)
        shown = rows[: asked.limit]
        more = shown[-1].id if len(rows) > asked.limit else None
        jobs = JobList(data=JobDocument.of_all(session, shown), next_cursor=more)
    headers = {"ETag": etag_of_list(jobs), "Cache-Control": "no-cache"}
    if more is not None:
        headers["Link"] = f'<{_next_page(request, more)}>; rel="next"'
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)  # type: ignore[return-value]
    response.headers.update(headers)
    return jobs


def _next_page(request: Request, cursor: str) -> str:
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*asked, ('cursor', cursor)])}"


@router.get("/{job_id}", responses=problems(JobNotFoundError) | {304: {"description": "The job has not changed."}})
async def show_job(
    services: ServicesDep, job_id: str, response: Response,
    if_none_match: Annotated[str | None, Header()] = None, prefer: Annotated[str, Header()] = "",
) -> JobDocument:  # fmt: skip
    """Get a job: status, progress, attempts, result.

    ``Prefer: wait=30`` delays the response for up to 30 seconds (at most 60) until the job differs from
    ``If-None-Match`` or, without that header, has ended.
    """
    wait_s = preferred_wait_s(prefer)
    job = await when_changed(services, job_id, if_none_match, wait_s)
    headers = {"ETag": etag_of(job), "Cache-Control": "no-cache"}
    if wait_s:
        headers["Preference-Applied"] = f"wait={wait_s}"
    if not job.is_terminal:
        headers["Retry-After"] = RETRY_AFTER_S
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)  # type: ignore[return-value]
    response.headers.update(headers)
    return job


@router.post(
    "/{job_id}/cancel", status_code=202, openapi_extra=CANCEL_BODY, responses=problems(400, 413, 422, JobNotFoundError)
)
def cancel_job(services: ServicesDep, job_id: str, asked: CancelBody) -> JobDocument:
    """Cancel a job. Repeating the request is harmless; a job that has ended does not change.

    A running training first saves a checkpoint, from which it can be resumed. ``{"mode": "kill"}`` skips that, even
    if the job is already being cancelled.
    """
    submit.cancel(services.database, job_id, mode=asked.mode)
    return _show(services, job_id)
