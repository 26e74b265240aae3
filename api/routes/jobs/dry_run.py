"""Validates a spec without creating a job."""

from fastapi import APIRouter

from api.dependencies import ServicesDep, SpecBody, body_of
from api.http.status_codes import SUBMITTING
from api.openapi.examples import JOB_SPECS
from api.schemas.jobs import ValidationDocument
from api.schemas.problems import problems
from jobs.errors import TooManyJobsError
from jobs.submission.dry_run import validate

router = APIRouter(prefix="/v1", tags=["jobs"])


@router.post(
    "/jobs:validate",
    openapi_extra=body_of("JobSpec", JOB_SPECS),
    responses=problems(400, 413, 422, TooManyJobsError, *SUBMITTING),
)
def validate_job(services: ServicesDep, asked: SpecBody) -> ValidationDocument:
    """Validate a spec without creating a job: returns the job that it would become, or the errors of a submission.

    It is only a warning if no live worker has enough slots: the job would wait for one.
    """
    return ValidationDocument(**validate(services.database, asked.spec))
