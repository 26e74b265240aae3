"""Shared by job routes: the job document as response, and the notification of workers."""

import logging

from api.dependencies import Services
from api.schemas.jobs import JobDocument
from jobs.database import queries
from jobs.errors import BrokerUnreachableError

log = logging.getLogger(__name__)


def notify_workers(services: Services, *job_ids: str) -> None:
    """Notify workers of queued jobs. If the broker is down, workers find the jobs in the database later."""
    for job_id in job_ids:
        try:
            services.notifier.notify(job_id)
        except BrokerUnreachableError as error:
            log.warning("%s waits until a worker polls the database: %s", job_id, error)
            return  # the other notifications would fail too


def show(services: Services, job_id: str) -> JobDocument:
    """The current document of a job."""
    with services.database.read() as session:
        return JobDocument.of(session, queries.get_job(session, job_id))
