"""What routes about jobs share: the document of a job as the answer, and the bells after it."""

import logging

from api.dependencies import Services
from api.schemas.jobs import JobDocument
from jobs.database import queries
from jobs.errors import BrokerUnreachableError

log = logging.getLogger(__name__)


def ring(parts: Services, *job_ids: str) -> None:
    """Ring a worker for each; where the broker is down, a sweep rings later."""
    for job_id in job_ids:
        try:
            parts.doorbell.ring(job_id)
        except BrokerUnreachableError as error:
            log.warning("%s waits for a sweep: %s", job_id, error)
            return  # the others wait for it too


def show(parts: Services, job_id: str) -> JobDocument:
    """The job as it stands now."""
    with parts.database.read() as session:
        return JobDocument.of(session, queries.get_job(session, job_id))
