"""The Celery task: a doorbell that carries a job's id and nothing else."""

from celery import Celery

from jobs.queue import RUN_JOB
from worker.dispatch import Dispatcher


def register(app: Celery, dispatcher: Dispatcher) -> None:
    """Give the app its one task."""

    @app.task(name=RUN_JOB, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_job(job_id: str) -> None:
        """Run what waits. The id is only for the log: a doubled or stale message finds nothing to take."""
        del job_id
        dispatcher.run_waiting()
