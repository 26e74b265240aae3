"""From the curves of an ``lr_find`` job to its bounds document, and from bounds to what a training uses."""

from typing import Any

from sqlalchemy.orm import Session

from clr_core.bounds import Curve, suggest_bounds
from jobs import repository
from jobs.errors import BoundsNotReadyError, NoBoundsError, UnusableBoundsError
from jobs.models import Job
from jobs.schedules import rates_of
from jobs.spec import TrainSpec
from jobs.status import TERMINAL, Status

LEVEL = 0.9


def measure(session: Session, job: Job) -> dict[str, Any]:
    """The ``lr_bounds`` document of a range test, from its curves as they stand in SQL."""
    replicas = [replica for metric, replica in repository.metrics_of(session, job.id) if metric == "train_loss"]
    answer = suggest_bounds([_curve(session, job.id, replica) for replica in replicas], level=LEVEL)
    conditions = job.spec["conditions"]
    document = {"object": "lr_bounds", "job_id": job.id, **answer.to_dict()}
    document["valid_for"] = {"fingerprint": job.fingerprint, **conditions}
    document["use"] = (
        {"kind": "train", "schedule": {"name": "one_cycle", "max_lr": {"from_job": job.id}}}
        if document["bounds"]
        else None
    )
    return document


def _curve(session: Session, job_id: str, replica: int) -> Curve:
    lrs = [value for _, value, _ in repository.series(session, job_id, "lr", replica)]
    losses = [
        float(special or "nan") if value is None else value
        for _, value, special in repository.series(session, job_id, "train_loss", replica)
    ]
    return Curve.of([lr for lr in lrs if lr is not None], losses)


def bounds_document(job: Job) -> dict[str, Any]:
    """The stored ``lr_bounds`` document; its ``bounds`` may be null where none can be defended.

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


def bounds_of(job: Job) -> dict[str, float]:
    """``base_lr`` and ``max_lr`` of a finished range test.

    Raises:
        BoundsNotReadyError: The range test has not finished.
        NoBoundsError: It has none to give; the message says why.
    """
    document = bounds_document(job)
    bounds: dict[str, float] | None = document["bounds"]
    if bounds is None:
        raise NoBoundsError(job.id, "; ".join(warning["message"] for warning in document["warnings"]))
    return bounds


def resolve(spec: TrainSpec, *, bounds: dict[str, float] | None) -> dict[str, Any]:
    """The rates that a training uses: numbers as asked for, or those of the bounds; see `jobs.schedules.rates_of`.

    Raises:
        UnusableBoundsError: ``base_lr`` is not below the peak of the bounds.
    """
    schedule, found = spec.schedule, bounds or {}
    peak = schedule.peak if isinstance(schedule.peak, float) else found["max_lr"]
    rates = rates_of(schedule, peak, found.get("base_lr"))
    rates |= {name: rates[name] * spec.lr_factor for name in ("max_lr", "base_lr") if name in rates}
    if rates.get("base_lr", 0.0) >= rates["max_lr"]:
        raise UnusableBoundsError(rates["base_lr"], rates["max_lr"])
    return rates
