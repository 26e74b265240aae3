"""The rules of fastai 2 (``callback/schedule.py``), applied to the curve as fastai's recorder smooths it.

The recorder's average lags by about 49 points, and the rules live by that: on a curve smoothed without lag
``valley`` loses 0.53 of the normalised loss in place of 0.20 on lrbench, ``slide`` 0.37 in place of 0.19,
``minimum_over_10`` 0.11 in place of 0.05, for the lag pushes their answers up to where the good rates are.
So they keep it here.  Different from fastai: a NaN ends the curve, losses below zero do not, and a curve
that never falls is refused.  Shapes: a curve of n points.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from clr_core.bounds.curve import Curve
from clr_core.bounds.curve_features import MIN_POINTS
from clr_core.bounds.result import refusal
from clr_core.bounds.smoothing import Vector

BETA: Final = 0.98
DIVERGED: Final = 4.0  # the sweep ends where the average exceeds the best so far by this factor
SKIPPED_END: Final = 5
SLIDE_WINDOW: Final = 15  # points
SLIDE_THRESHOLD: Final = 0.005  # loss a point
ROUNDING: Final = 1e-9  # a constant averages to itself up to so much
LEAST: Final = 3  # points left


@dataclass(frozen=True)
class Recorded:
    """What fastai's rules see.

    Attributes:
        lrs: Rates, shape (m,), m >= ``LEAST``.
        losses: Averaged losses over ``scale``, shape (m,).
        scale: What the losses were divided by, > 0.
    """

    lrs: tuple[float, ...]
    losses: Vector
    scale: float


def recorded(curve: Curve) -> Recorded:
    """Bias-corrected exponential average, cut at divergence, without the first tenth and the last five points.

    Raises:
        NoBoundsError: Too few points, or the average never falls.
    """
    finite = curve.finite_part()
    if finite is None or len(finite.lrs) < MIN_POINTS:
        raise refusal("too_few_points", f"Fewer than {MIN_POINTS} finite losses.")
    raw = np.asarray(finite.losses)
    scale = float(np.max(np.abs(raw))) or 1.0
    smooth, mean, best, end = [], 0.0, np.inf, len(raw)
    for k, loss in enumerate(raw / scale):
        mean = BETA * mean + (1.0 - BETA) * float(loss)
        smooth.append(mean / (1.0 - BETA ** (k + 1)))
        if 0.0 < best < np.inf and smooth[-1] > DIVERGED * best:
            end = k + 1
            break
        best = min(best, smooth[-1])
    kept = slice(len(finite.lrs) // 10, end - SKIPPED_END)
    losses = np.asarray(smooth[kept])
    if len(losses) < LEAST:
        raise refusal("too_few_points", "The average diverges before enough points are left.")
    if float(losses[0] - losses.min()) <= ROUNDING * float(np.max(np.abs(losses))):
        raise refusal("no_fall", "The averaged loss never falls.")
    return Recorded(finite.lrs[kept], losses, scale)


def valley(curve: Curve) -> float:
    """Rate in the middle of the longest valley: half-way into the second third of the longest decreasing subsequence.

    Source: fastai's ``valley``, its default since 2.3 (after ESRI's); the subsequence, which may have gaps, is
    taken for a stretch that ends where it ends, as there.
    Fails: half-way down the fall is far below the best rate with momentum; a slow first stage counts in full;
    moves with the lag of the average, that is with the number of steps.
    """
    seen = recorded(curve)
    length = np.ones(len(seen.losses), dtype=int)
    for i in range(1, len(length)):
        length[i] += int(np.max(length[:i], where=seen.losses[:i] > seen.losses[i], initial=0))
    last = int(np.argmax(length))
    third = int(length[last]) / 3.0
    return seen.lrs[max(0, last - int(length[last]) + int(third) + int(third / 2.0))]


def slide(curve: Curve) -> float:
    """Rate at the left end of a window of 15 points that slides left from the end until the slopes at its ends agree.

    Source: fastai's ``slide`` (Novetta's interval slide rule).
    Fails: the threshold of 0.005 of loss a point is absolute, so scaling the loss moves the answer, the only
    such rule here; a sweep without an edge stops it at once, a noisy one anywhere.
    """
    seen = recorded(curve)
    slope = np.gradient(seen.losses)
    left = max(0, len(slope) - 1 - SLIDE_WINDOW)
    found = seen.lrs[left]
    for begin in range(len(slope) - 1 - SLIDE_WINDOW, -1, -1):
        if abs(float(slope[begin + SLIDE_WINDOW] - slope[begin])) <= SLIDE_THRESHOLD / seen.scale:
            break
        found = seen.lrs[begin]
    return found


def minimum_over_10(curve: Curve) -> float:
    """A tenth of the rate of the lowest loss.

    Source: fastai's ``minimum``, the best of the peers' rules.
    Fails: on sweeps that end while the loss falls, and on steep, late falls.
    """
    seen = recorded(curve)
    return seen.lrs[int(np.argmin(seen.losses))] / 10.0
