"""The Celery task: a message that carries a job's id and nothing else."""

from collections.abc import Callable

from celery import Celery

from jobs.scheduling.broker import RUN_JOB


def register(app: Celery, wake: Callable[[], None]) -> None:
    """Give the app its one task."""

    @app.task(name=RUN_JOB, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_job(job_id: str) -> None:
        """Look for what waits. The id is only for the log: a doubled or stale message finds nothing to take."""
        del job_id
        wake()
