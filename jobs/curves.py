"""Curves as they are served: few points where there are many, the same for the same request, no spike lost."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from jobs import repository

KEPT_NONFINITE = 100


@dataclass(frozen=True, slots=True)
class Axis:
    """What lies along x (``step`` or ``lr``), and how many points of a series are wanted."""

    x: str
    max_points: int


def curves(session: Session, job_id: str, metrics: list[str], axis: Axis) -> dict[str, Any]:
    """The ``curves`` document of a job: one series for each metric and replica that has points.

    Args:
        session: Where to read.
        job_id: The job.
        metrics: Names of metrics; empty for all.
        axis: What lies along x and how many points are wanted.
    """
    wanted = [pair for pair in repository.metrics_of(session, job_id) if not metrics or pair[0] in metrics]
    series, total = [], 0
    for metric, replica in wanted:
        points = repository.series(session, job_id, metric, replica)
        total = max(total, len(points))
        series.append(_series(session, job_id, (metric, replica), points, axis))
    return {
        "object": "curves",
        "job_id": job_id,
        "x": axis.x,
        "sampling": {"method": "minmax", "max_points": axis.max_points, "total_points": total},
        "series": series,
    }


def _series(
    session: Session,
    job_id: str,
    name: tuple[str, int],
    points: Any,
    axis: Axis,
) -> dict[str, Any]:
    places: dict[int, float] = {}
    if axis.x == "lr":
        rates = repository.series(session, job_id, "lr", name[1])
        places = {step: lr for step, lr, _ in rates if lr is not None}
        points = [point for point in points if point[0] in places]
    finite = [(step, value) for step, value, _ in points if value is not None]
    special = [(step, word) for step, value, word in points if value is None][:KEPT_NONFINITE]
    kept = [finite[index] for index in minmax(np.array([value for _, value in finite]), axis.max_points)]
    shown: list[tuple[int, float | None]] = sorted([*kept, *((step, None) for step, _ in special)], key=_step_of)
    lowest = min(finite, key=lambda point: point[1], default=None)
    return {
        "metric": name[0],
        "replica": name[1],
        "x": [places.get(step, step) for step, _ in shown],
        "y": [value for _, value in shown],
        "nonfinite": [{"step": step, "value": word} for step, word in special],
        "last": _point(finite[-1] if finite else None),
        "min": _point(lowest),
    }


def _step_of(point: tuple[int, float | None]) -> int:
    return point[0]


def _point(point: tuple[int, float] | None) -> dict[str, float] | None:
    return None if point is None else {"step": point[0], "value": point[1]}


def minmax(values: np.ndarray[Any, np.dtype[np.float64]], max_points: int) -> list[int]:
    """Indices of at most ``max_points`` values: first, last, and the extremes of equal stretches between them.

    Args:
        values: All values, ``[N]``, finite.
        max_points: How many are wanted, at least 4.

    Returns:
        Rising indices; all of them where N is not larger.
    """
    count = len(values)
    if count <= max_points:
        return list(range(count))
    edges = np.linspace(1, count - 1, (max_points - 2) // 2 + 1).astype(int)
    kept = {0, count - 1}
    for start, end in pairwise(edges):
        stretch = values[start:end]
        kept |= {int(start + stretch.argmin()), int(start + stretch.argmax())}
    return sorted(kept)
