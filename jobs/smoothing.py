"""A smooth curve from all points of a series, without lag."""

import math

import numpy as np
from numpy.typing import NDArray

_NEGLIGIBLE = 1e-9

Floats = NDArray[np.float64]


def two_sided(values: Floats, weight: float) -> Floats:
    """Weighted mean around each point; a neighbour d points away, before or after, weighs ``weight ** d``.

    The exponential mean that peers draw looks back only and lags by weight / (1 - weight) points; this one is
    symmetric and does not.

    Args:
        values: ``[N]``; what is not finite weighs nothing.
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
    """Sum over d >= 0 of ``weight ** d`` times the value d points before, by doubling the reach."""
    sums = values.copy()
    if weight == 0.0:
        return sums
    reach, furthest = 1, math.log(_NEGLIGIBLE) / math.log(weight)
    while reach < min(len(values), furthest):
        sums[reach:] += weight**reach * sums[:-reach].copy()
        reach *= 2
    return sums
