"""Smoothing without lag, and the noise of a curve.

An exponential average of factor beta lags by about beta / (1 - beta) points: fastai's 0.98 by 49, half of a
sweep of 100, so that every rule built on it reads its rates too far right.  A symmetric window lags by
nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# Half of the smoothing window as a share of the sweep: a third of a decade of an eight-decade sweep, narrower
# than any feature that is read from the curve (a fall takes half a decade or more).
HALF_WINDOW_SHARE: Final = 0.04
MIN_HALF_WINDOW: Final = 2
GAUSSIAN_MAD: Final = 1.4826  # standard deviation over median absolute deviation, for a Gaussian


def half_window(points: int) -> int:
    """Half the width of the smoothing window, in points, for a sweep of so many points."""
    return max(MIN_HALF_WINDOW, round(HALF_WINDOW_SHARE * points))


def zero_lag(values: Vector, half: int) -> Vector:
    """Symmetric moving average with triangular weights.

    out(i) = sum_j w(i - j) · values(j) / sum_j w(i - j), w(k) = max(0, 1 - |k| / (half + 1)).

    At the ends the window is cut off, not mirrored; there the average is one-sided.

    Args:
        values: Shape (n,), finite, n >= 1.
        half: Points on either side that take part, >= 0.

    Returns:
        Shape (n,).
    """
    kernel = 1.0 - np.abs(np.arange(-half, half + 1)) / (half + 1.0)
    size = len(values)
    total = np.convolve(values, kernel)[half : half + size]
    weight = np.convolve(np.ones(size), kernel)[half : half + size]
    return np.asarray(total / weight, dtype=np.float64)


def running_median(values: Vector, half: int = 2) -> Vector:
    """Median over a symmetric window, which a lone spike cannot move; ends repeated.

    Args:
        values: Shape (n,), n >= 1.
        half: Points on either side.

    Returns:
        Shape (n,).
    """
    padded = np.pad(values, half, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1)


def noise_level(values: Vector) -> float:
    """Standard deviation of the noise of a slowly changing series, from its second differences.

    1.4826 · median |v(i - 1) - 2 v(i) + v(i + 1)| / √6, which no trend and no spike can move.

    Args:
        values: Shape (n,).

    Returns:
        The noise, >= 0; 0 for fewer than three points.
    """
    bends = np.abs(np.diff(values, 2))
    return float(GAUSSIAN_MAD * np.median(bends) / np.sqrt(6.0)) if len(bends) else 0.0
