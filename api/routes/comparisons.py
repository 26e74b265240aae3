"""What the arms of a ``compare`` job come to."""

from fastapi import APIRouter

from api.deps import Parts
from api.schemas.comparisons import Comparison
from api.schemas.problems import problems
from jobs.database import queries
from jobs.errors import JobNotFoundError, NoComparisonError
from jobs.results.comparison import comparison

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get("/{job_id}/comparison", responses=problems(JobNotFoundError, NoComparisonError))
def show_comparison(parts: Parts, job_id: str) -> Comparison:
    """Each run of a ``compare`` job, medians over seeds, and ratios of updates, as far as they are known by now."""
    with parts.database.read() as session:
        return Comparison(**comparison(session, queries.get_job(session, job_id)))
