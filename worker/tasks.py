"""The Celery task. Its message has only the id of a job."""

from collections.abc import Callable

from celery import Celery

from jobs.scheduling.broker import RUN_JOB


def register(app: Celery, wake: Callable[[], None]) -> None:
    """Register the one task of the app."""

    @app.task(name=RUN_JOB, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_job(job_id: str) -> None:
        """Look for waiting jobs. The id is only for the log: a duplicate or stale message finds no job to take."""
        del job_id
        wake()
