"""Results of jobs: bounds, curves, the table of a sweep, and the comparison of arms."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.dependencies import ServicesDep
from api.schemas.bounds import LrBoundsDocument
from api.schemas.comparisons import Comparison, SweepTable
from api.schemas.curves import CurveQuery, CurvesDocument
from api.schemas.problems import problems
from jobs.curves.documents import CurveSelection, curves
from jobs.database import queries
from jobs.errors import (
    BoundsNotReadyError,
    JobNotFoundError,
    NoBoundsError,
    NoComparisonError,
    NoEpochsError,
    NoTableError,
    NoTimesError,
)
from jobs.results.comparison import comparison
from jobs.results.lr_bounds import bounds_document
from jobs.results.sweep_table import table

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_CSV: dict[int | str, dict[str, Any]] = {  # served by `api.routes.jobs.downloads`
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "metric,replica,step,value\ntrain_loss,0,0,2.31\n"}
        }
    }
}


@router.get("/{job_id}/comparison", responses=problems(JobNotFoundError, NoComparisonError))
def show_comparison(services: ServicesDep, job_id: str) -> Comparison:
    """Get the runs of a ``compare`` job so far, with medians over seeds and ratios of updates."""
    with services.database.read() as session:
        return Comparison(**comparison(session, queries.get_job(session, job_id)))


@router.get("/{job_id}/lr-bounds", responses=problems(JobNotFoundError, BoundsNotReadyError, NoBoundsError))
def show_bounds(services: ServicesDep, job_id: str) -> LrBoundsDocument:
    """Get the bounds of an ``lr_find`` job; 409 until it has ended. ``bounds`` is null if none can be defended."""
    with services.database.read() as session:
        return LrBoundsDocument(**bounds_document(queries.get_job(session, job_id)))


@router.get("/{job_id}/table", responses=problems(JobNotFoundError, NoTableError))
def show_table(services: ServicesDep, job_id: str) -> SweepTable:
    """Get the bounds found so far under each of the conditions of a ``sweep`` job."""
    with services.database.read() as session:
        return SweepTable(**table(session, queries.get_job(session, job_id)))


@router.get("/{job_id}/curves", responses=problems(422, JobNotFoundError, NoEpochsError, NoTimesError) | _CSV)
def show_curves(services: ServicesDep, job_id: str, asked: Annotated[CurveQuery, Query()]) -> CurvesDocument:
    """Metrics over steps, epochs, seconds of training or learning rates, all of them unless ``metric`` names some.

    Of a series with more than ``max_points`` from ``start_step`` to ``end_step``, the first, the last and the
    lowest and highest of each stretch are shown. ``smoothing`` adds a smooth series to each, computed from all
    its points, or of more than 20,000 from some evenly apart: a neighbour d points away weighs ``smoothing ** d``.
    """
    with services.database.read() as session:
        job = queries.get_job(session, job_id)
        selection = CurveSelection(asked.x, asked.max_points, asked.start_step, asked.end_step, asked.smoothing)
        return CurvesDocument(**curves(session, job, asked.metric, selection))
