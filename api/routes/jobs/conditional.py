"""Conditional and waiting requests: ``ETag``, ``If-None-Match`` and ``Prefer: wait`` (RFC 7240)."""

import hashlib
import time
from typing import Final

from fastapi.concurrency import run_in_threadpool

from api.dependencies import Services
from api.schemas.jobs import JobDocument, JobList
from jobs.database import queries

RETRY_AFTER_S: Final = "1"


def etag_of(job: JobDocument) -> str:
    """A job's entity tag: its version; weak because the ETA changes with the clock."""
    return f'W/"{job.version}"'


def etag_of_list(jobs: JobList) -> str:
    """A page's entity tag: its jobs and their versions; weak for the same reason."""
    shown = " ".join([*(f"{job.id}@{job.version}" for job in jobs.data), str(jobs.next_cursor)])
    return f'W/"{hashlib.sha256(shown.encode()).hexdigest()[:32]}"'


async def when_changed(services: Services, job_id: str, etag: str | None, wait_s: float) -> JobDocument:
    """Wait until the job differs from ``etag`` or, without one, has ended, but at most ``wait_s``.

    Raises:
        JobNotFoundError: There is no such job.
    """
    deadline = time.monotonic() + wait_s
    if not wait_s:
        return await run_in_threadpool(_read, services, job_id)
    with services.change_feed.listening([job_id]) as listener:
        while True:
            job = await run_in_threadpool(_read, services, job_id)
            left_s = deadline - time.monotonic()
            if job.is_terminal or left_s <= 0 or (etag is not None and etag_of(job) != etag):
                return job
            await listener.next(left_s)


def _read(services: Services, job_id: str) -> JobDocument:
    with services.database.read() as session:
        return JobDocument.of(session, queries.get_job(session, job_id))
