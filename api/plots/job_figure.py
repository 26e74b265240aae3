"""Builds the figure of a job from its rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.plots import compare, range_test, sweep, training
from api.plots.figure import Figure
from api.plots.labels import Subject
from jobs.curves.documents import CurveSelection, curves
from jobs.database import queries
from jobs.database.tables.jobs import Job
from jobs.errors import NoPlotError
from jobs.results.comparison import comparison
from jobs.results.sweep_table import table
from jobs.status import Status

MAX_POINTS = 1000


def figure_of(session: Session, job: Job) -> Figure:
    """The figure of a job in its current state.

    Raises:
        NoPlotError: Jobs of this kind have no plot.
    """
    match job.kind:
        case "lr_find":
            bounds = job.result if job.status == Status.SUCCEEDED else None
            metrics = [*range_test.METRICS]
            return range_test.describe(_subject(session, job), _curves(session, job, metrics, "lr"), bounds)
        case "train":
            return training.describe(_subject(session, job), _curves(session, job, [*training.METRICS], "step"))
        case "sweep":
            return _sweep(session, job, table(session, job))
        case "compare":
            return _compare(session, job, comparison(session, job))
        case _:
            raise NoPlotError(job.id, job.kind)


def _sweep(session: Session, job: Job, table: Mapping[str, Any]) -> Figure:
    """The figure of a sweep from its ``sweep_table`` and the curves of its children."""
    children = [queries.get_job(session, cell["job_id"]) for cell in table["cells"]]
    found = {child.id: _curves(session, child, [*range_test.METRICS], "lr") for child in children}
    return sweep.describe(_subject(session, job), table, found)


def _compare(session: Session, job: Job, document: Mapping[str, Any]) -> Figure:
    """The figure of a comparison from its document and the curves of its runs."""
    ids = [run["job_id"] for arm in document["arms"] for run in arm["runs"]]
    metrics = [document["target"]["metric"], "lr"]
    found = {each: _curves(session, queries.get_job(session, each), metrics, "step") for each in ids}
    return compare.describe(_subject(session, job), document, found)


def _curves(session: Session, job: Job, metrics: list[str], x: str) -> dict[str, Any]:
    return curves(session, job, metrics, CurveSelection(x=x, max_points=MAX_POINTS))


def _subject(session: Session, job: Job) -> Subject:
    """The job's subject; a training without conditions has those of the job that its bounds come from."""
    spec, conditions = job.spec, job.spec.get("conditions")
    peak = (spec.get("schedule") or {}).get("max_lr")
    if not conditions and isinstance(peak, dict):
        conditions = queries.get_job(session, peak["from_job"]).spec["conditions"]
    return Subject(
        id=job.id, kind=job.kind, status=job.status, is_terminal=Status(job.status).is_terminal, spec=spec,
        conditions=conditions or {}, step=job.step, total_steps=job.total_steps, reason=job.reason,
        error=(job.error or {}).get("message"), waits_for=job.waits_for,
    )  # fmt: skip
