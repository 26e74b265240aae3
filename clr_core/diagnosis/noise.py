"""The noise of a series, and its level without the noise."""

from collections.abc import Sequence
from statistics import median
from typing import Final

WINDOW: Final = 3  # evaluations in a level: the smallest number whose median one outlier cannot move


def level(values: Sequence[float]) -> float:
    """Return the medians of a few neighbouring values."""
    return median(values)


def noise(values: Sequence[float]) -> float:
    """Return the standard deviation of Gaussian noise around a smooth curve.

    1.4826 · median |x(i-1) - 2 x(i) + x(i+1)| / √6: second differences have no part in a straight trend, the sum of
    their squared weights is 6, and 1.4826 makes the median absolute deviation of a Gaussian its standard deviation. 0
    if there are fewer than three values.
    """
    bends = [abs(values[i - 1] - 2 * values[i] + values[i + 1]) for i in range(1, len(values) - 1)]
    return 1.4826 * median(bends) / 6**0.5 if bends else 0.0


def least_change(values: Sequence[float], sigmas: float) -> float:
    """Return the smallest difference of two levels of a series that does not count as noise.

    ``sigmas`` noise, and at least a thousandth of the range of the series: without noise, rounding is no change.
    """
    return max(sigmas * noise(values), 1e-3 * (max(values) - min(values)))
