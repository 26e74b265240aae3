"""What routes about jobs share: the document of a job as the answer, and the messages to workers after it."""

import logging

from api.dependencies import Services
from api.schemas.jobs import JobDocument
from jobs.database import queries
from jobs.errors import BrokerUnreachableError

log = logging.getLogger(__name__)


def notify_workers(services: Services, *job_ids: str) -> None:
    """Tell workers that jobs wait. If the broker is down, workers find the jobs in SQL later."""
    for job_id in job_ids:
        try:
            services.notifier.notify(job_id)
        except BrokerUnreachableError as error:
            log.warning("%s waits until a worker looks into SQL: %s", job_id, error)
            return  # the others wait for it too


def show(services: Services, job_id: str) -> JobDocument:
    """The job as it stands now."""
    with services.database.read() as session:
        return JobDocument.of(session, queries.get_job(session, job_id))
