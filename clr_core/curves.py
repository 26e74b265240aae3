"""Reduces and smooths series: fewer points that keep the extremes, and a two-sided mean."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NEGLIGIBLE = 1e-9

Floats = NDArray[np.float64]


def two_sided(values: Floats, weight: float) -> Floats:
    """Return the weighted mean around each point: a neighbour d points before or after has weight ``weight ** d``.

    The usual exponential mean only looks back, so it lags by weight / (1 - weight) points; this one is symmetric and
    has no lag. `clr_core.bounds.smoothing.zero_lag` is another estimator: its window is finite, so that no feature of a
    range test is spread beyond it, and fixed by the length of the sweep. Here a reader chooses the weight, so the reach
    may be a whole long series, and gaps are skipped.

    Args:
        values: ``[N]``; non-finite values have no weight.
        weight: At least 0 (nothing is smoothed) and below 1.

    Returns:
        ``[N]``; NaN only where no finite value is near.
    """
    finite = np.isfinite(values)
    present = finite.astype(np.float64)
    largest = float(np.abs(values[finite]).max(initial=0.0)) or 1.0
    scaled = np.where(finite, values, 0.0) / largest  # so that a sum of values near 1e308 does not overflow
    total = _decayed(scaled, weight) + _decayed(scaled[::-1], weight)[::-1] - scaled
    weights = _decayed(present, weight) + _decayed(present[::-1], weight)[::-1] - present
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights > _NEGLIGIBLE, total / weights * largest, np.nan)


def _decayed(values: Floats, weight: float) -> Floats:
    """Return the sum over d >= 0 of ``weight ** d`` times the value d points before, by doubling the reach."""
    sums = values.copy()
    if weight == 0.0:
        return sums
    reach, furthest = 1, math.log(_NEGLIGIBLE) / math.log(weight)
    while reach < min(len(values), furthest):
        sums[reach:] += weight**reach * sums[:-reach].copy()
        reach *= 2
    return sums


def extremes(values: np.ndarray[Any, np.dtype[np.float64]], max_points: int) -> list[int]:
    """Return indices of at most ``max_points`` values: first, last, and the extremes of equal stretches between them.

    Args:
        values: All values, ``[N]``, finite.
        max_points: Maximum number of indices, at least 4.

    Returns:
        Ascending indices; all of them if N is not larger.
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
