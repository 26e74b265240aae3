"""The ``curves`` document: a limited number of points, which are reproducible and include every spike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from clr_core.curves import extremes, two_sided
from jobs.curves import elapsed_time
from jobs.curves.series import Overview, Source, Value, overviews
from jobs.database.tables.jobs import Job
from jobs.errors import NoEpochsError
from jobs.spec.resolved import ResolvedTraining

KEPT_NONFINITE = 100
MOST_SMOOTHED = 20_000  # a longer series is sampled evenly to this many points before it is smoothed


@dataclass(frozen=True, slots=True)
class CurveSelection:
    """The part of a curve that a request asks for, and its sampling.

    Attributes:
        x: The x axis: ``step``, ``epoch``, ``time`` or ``lr``.
        max_points: Number of points per series, at least 4.
        start_step: First step of the range.
        end_step: Last step of the range; None for the last step of the job.
        smoothing: Weight of the neighbours, see `clr_core.curves.two_sided`; None for no smoothing.
    """

    x: str = "step"
    max_points: int = 2000
    start_step: int = 0
    end_step: int | None = None
    smoothing: float | None = None


def curves(session: Session, job: Job, metrics: list[str], selection: CurveSelection) -> dict[str, Any]:
    """Return the ``curves`` document of a job: one series for each metric and replica that has points.

    With smoothing, each series is followed by its smoothed version, which has ``smoothing`` set.

    Args:
        session: The session to read with.
        job: The job.
        metrics: Names of metrics; empty for all.
        selection: Range, axis and number of points.

    Raises:
        NoEpochsError: x is ``epoch``, and the job has no epochs.
        NoTimesError: x is ``time``, and the job has no times.
    """
    wanted = {name: seen for name, seen in overviews(session, job.id).items() if _is_wanted(name[0], metrics)}
    series = []
    for name, overview in wanted.items():
        source = Source(session, job.id, *name, selection.start_step, selection.end_step)
        series.append(_series(source, overview, job, selection))
        if selection.smoothing is not None:
            series.append(_smooth_series(source, job, selection, selection.smoothing))
    return {
        "object": "curves",
        "job_id": job.id,
        "x": selection.x,
        "sampling": {
            "method": "minmax",
            "max_points": selection.max_points,
            "total_points": max((overview.count for overview in wanted.values()), default=0),
        },
        "series": series,
    }


def _is_wanted(metric: str, metrics: list[str]) -> bool:
    return (
        metric in metrics if metrics else metric != elapsed_time.METRIC
    )  # elapsed time is an axis, unless it is requested as a series


def _series(source: Source, overview: Overview, job: Job, selection: CurveSelection) -> dict[str, Any]:
    special = source.nonfinite(KEPT_NONFINITE) if overview.nonfinite else []
    points = source.thinned(selection.max_points)
    holes: list[tuple[int, float | None]] = [(step, None) for step, _ in special]
    return {
        "metric": source.metric,
        "replica": source.replica,
        "smoothing": None,
        **_axes(source, job, selection.x, sorted([*points, *holes], key=_step_of) if holes else points),
        "nonfinite": [{"step": step, "value": word} for step, word in special],
        "last": _point(points[-1] if points else None),
        "min": _point(overview.lowest),
    }


def _smooth_series(source: Source, job: Job, selection: CurveSelection, weight: float) -> dict[str, Any]:
    points = replace(source, start=0, end=None).sampled(MOST_SMOOTHED)
    smooth = two_sided(np.array([np.nan if value is None else value for _, value in points]), weight)
    inside = [
        (step, value)
        for (step, _), value in zip(points, smooth.tolist(), strict=True)
        if selection.start_step <= step
        and (selection.end_step is None or step <= selection.end_step)
        and np.isfinite(value)
    ]
    kept = [inside[place] for place in extremes(np.array([value for _, value in inside]), selection.max_points)]
    return {
        "metric": source.metric,
        "replica": source.replica,
        "smoothing": weight,
        **_axes(source, job, selection.x, kept),
        "nonfinite": [],
        "last": _point(inside[-1] if inside else None),
        "min": _point(min(inside, key=lambda point: point[1], default=None)),
    }


def _axes(source: Source, job: Job, x: str, shown: Sequence[tuple[int, float | None]]) -> dict[str, Any]:
    if x == "step":
        return {"x": [step for step, _ in shown], "y": [value for _, value in shown]}
    places = _places(source, job, x, [step for step, _ in shown])
    there = [(places[step], value) for step, value in shown if step in places]
    return {"x": [place for place, _ in there], "y": [value for _, value in there]}


def _places(source: Source, job: Job, x: str, steps: list[int]) -> dict[int, float]:
    if x == "lr":
        return source.rates(steps)
    if x == "time":
        return elapsed_time.times_of(source, steps)
    resolved = ResolvedTraining.read(job.resolved)
    if resolved is None or resolved.steps_per_epoch is None:
        raise NoEpochsError(job.id)
    return {step: (step + 1) / resolved.steps_per_epoch for step in steps}


def _step_of(point: tuple[int, float | None]) -> int:
    return point[0]


def _point(point: Value | None) -> dict[str, float] | None:
    return None if point is None else {"step": point[0], "value": point[1]}
