"""The bounds document of an ``lr_find`` job, made from its curves, and the bounds that a training takes from it."""

from typing import Any

from sqlalchemy.orm import Session

from clr_core.bounds import Curve, merge, suggest_bounds
from jobs.curves.series import overviews
from jobs.database import queries
from jobs.database.tables.jobs import Job
from jobs.errors import BoundsNotReadyError, NoBoundsError
from jobs.results import probe_results
from jobs.spec.range_test import RangeTest
from jobs.spec.resolved import Bounds, ResolvedRangeTest
from jobs.spec.runnable import ProbeRun
from jobs.status import TERMINAL, Status

LEVEL = 0.9
MOST_POINTS = 400  # of the median curve
LAGGING = {
    "code": "lagging_statistics",
    "message": "Batch norm evaluates with running means, which lag behind a rising rate: held-back data was measured "
    "as if at a rate up to a factor 3 higher, and the bounds may be that much too low. Compare with train_loss.",
}


def measure(session: Session, job: Job) -> dict[str, Any]:
    """Compute the ``lr_bounds`` document of a range test from its curves, and from its probes if it has any."""
    document = _of_sweeps(session, job)
    if job.spec.get("refine") == "probe":
        document = probe_results.refine(session, job, document, LEVEL)
    document["use"] = (
        {"kind": "train", "schedule": {"name": "one_cycle", "max_lr": {"from_job": job.id}}}
        if document["bounds"]
        else None
    )
    return document


def due_probes(session: Session, job: Job) -> tuple[ProbeRun, ...]:
    """Return the probes to run next, in parallel, after the sweeps of a range test; empty if none are left."""
    if job.spec.get("refine") != "probe":
        return ()
    return probe_results.climb(session, job, _of_sweeps(session, job)).due


def _of_sweeps(session: Session, job: Job) -> dict[str, Any]:
    test = RangeTest.model_validate(job.spec["range_test"])
    series = {replica for metric, replica in overviews(session, job.id) if metric == "lr"}
    full = [
        _curve(session, job.id, test, test.measure, replica) for replica in sorted(series) if replica < test.replicas
    ]
    short = [
        _curve(session, job.id, test, "train_loss", replica) for replica in sorted(series) if replica >= test.replicas
    ]
    answer = suggest_bounds(full, level=LEVEL, short_sweeps=short)
    conditions = job.spec["conditions"]
    document = {"object": "lr_bounds", "job_id": job.id, **answer.to_dict()}
    document["curve"] = _median_curve(test.measure, full)
    if test.measure != "train_loss" and ResolvedRangeTest.model_validate(job.resolved).batch_norm:
        document["warnings"] = [*document["warnings"], LAGGING]
    document["valid_for"] = {"fingerprint": job.fingerprint, **conditions}
    return document


def _curve(session: Session, job_id: str, test: RangeTest, measure: str, replica: int) -> Curve:
    """Return the curve of one sweep; for an accuracy, the error (1 - accuracy), which falls as accuracy rises.

    If a sweep with a measure on held-back data ended early, its training loss diverged: the value there is NaN.
    """
    lrs = {step: lr for step, lr, _ in queries.series(session, job_id, "lr", replica)}
    points = [
        (step, float(special or "nan") if value is None else value)
        for step, value, special in queries.series(session, job_id, measure, replica)
    ]
    last = max(lrs)
    if measure != "train_loss" and last + 1 < test.steps:
        points = [point for point in points if point[0] < last] + [(last, float("nan"))]
    rates = [lr for lr in (lrs[step] for step, _ in points) if lr is not None]
    values = [value for _, value in points]
    if measure == "val_accuracy":
        return Curve.of(rates, [1.0 - value for value in values], values)
    return Curve.of(rates, values)


def _median_curve(measure: str, curves: list[Curve]) -> dict[str, Any] | None:
    """Return the median and band of the sweeps, thinned; accuracies stay accuracies."""
    merged = merge(curves, level=LEVEL)
    if not merged.lrs:
        return None
    step = -(-len(merged.lrs) // MOST_POINTS)
    middle, low, high = ([*values[::step]] for values in (merged.losses, merged.low, merged.high))
    if measure == "val_accuracy":
        middle, low, high = ([1.0 - value for value in values] for values in (middle, high, low))
    return {"metric": measure, "lr": [*merged.lrs[::step]], "median": middle, "low": low, "high": high}


def bounds_document(job: Job) -> dict[str, Any]:
    """Return the stored ``lr_bounds`` document. Its ``bounds`` are null if the curves support none.

    Raises:
        BoundsNotReadyError: The range test has not finished.
        NoBoundsError: The job is of another kind, or did not succeed.
    """
    if job.kind != "lr_find":
        raise NoBoundsError(job.id, f"it is a {job.kind} job, and only lr_find jobs have bounds")
    if job.status not in TERMINAL:
        raise BoundsNotReadyError(job.id, job.status)
    if job.status != Status.SUCCEEDED or job.result is None:
        raise NoBoundsError(job.id, f"it {job.status}" if job.reason is None else f"it {job.status}: {job.reason}")
    return job.result


def bounds_of(job: Job) -> Bounds:
    """Return ``base_lr`` and ``max_lr`` of a finished range test.

    Raises:
        BoundsNotReadyError: The range test has not finished.
        NoBoundsError: It has none; the message says why.
    """
    document = bounds_document(job)
    bounds: Bounds | None = document["bounds"]
    if bounds is None:
        raise NoBoundsError(job.id, "; ".join(warning["message"] for warning in document["warnings"]))
    return bounds
