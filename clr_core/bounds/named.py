"""The rules of the literature and of the peers, one by one, each on a zero-lag smoothed curve.

Each is a pure function of one curve and raises ``NoBoundsError`` where it has no answer.  The peers' own code
smooths with lag first and so answers differently; ``benchmarks/bounds.py`` scores both.  Shapes: a curve of n
points.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from clr_core.bounds.curve import Curve
from clr_core.bounds.errors import NoBoundsError
from clr_core.bounds.reading import MIN_POINTS, Reading, read
from clr_core.bounds.result import BoundsWarning, WarningCode
from clr_core.bounds.smoothing import half_window, zero_lag

SLIDE_WINDOW_SHARE: Final = 0.15  # fastai: 15 of 100 points
SLIDE_THRESHOLD: Final = 0.0025  # fastai: 0.005 of loss a point, for losses that fall by about 2
FALL_BEGINS: Final = 0.1
FALL_ENDS: Final = 0.95


def steepest(curve: Curve) -> float:
    """Rate at which the loss falls fastest: argmin d loss / d log10 lr up to the minimum.

    Source: fastai's ``steep``; torch-lr-finder and ignite likewise.
    Fails: far too low on a slow fall, far too high where a plateau ends just before the explosion.
    """
    reading = _falling(curve)
    slope = np.gradient(reading.smooth, reading.x)[: reading.minimum + 1]
    return curve.lrs[int(np.argmin(slope))]


def valley(curve: Curve) -> float:
    """Rate in the middle of the longest decreasing subsequence of the loss.

    Steps smaller than half of the noise do not count as decreasing, and of several longest subsequences the
    shortest stretch is taken; without this the subsequence begins in the noise of the first rates.

    Source: fastai's ``valley``, its default since 2.3 (after ESRI's).
    Fails: half-way down the fall is far below the best rate with momentum; a slow first stage counts in full.
    """
    reading = _falling(curve)
    step = max(reading.noise / 2.0, reading.drop / 100.0, float(np.finfo(np.float64).tiny))
    levels = np.floor(reading.smooth[: reading.minimum + 1] / step)
    length, before = np.ones(len(levels), dtype=int), np.full(len(levels), -1)
    for i in range(1, len(levels)):
        higher = np.nonzero(levels[:i] > levels[i])[0][::-1]
        if len(higher):
            best = int(higher[np.argmax(length[higher])])
            length[i], before[i] = length[best] + 1, best
    last = first = int(np.argmax(length))
    while before[first] >= 0:
        first = int(before[first])
    return curve.lrs[(first + last) // 2]


def slide(curve: Curve) -> float:
    """Rate at the left end of a window that slides left from the edge until the slopes at its ends agree.

    Source: fastai's ``slide`` (Novetta's interval slide rule); its fixed threshold here is relative to the
    fall or the noise.
    Fails: a sweep without an edge stops it at once, a noisy one anywhere.
    """
    reading = _falling(curve)
    end = len(reading.x) if reading.edge is None else reading.edge + 1
    slope = np.gradient(reading.smooth[:end])
    window = max(2, round(SLIDE_WINDOW_SHARE * len(reading.x)))
    threshold = max(SLIDE_THRESHOLD * reading.drop, reading.noise / 4.0)
    for left in range(end - 1 - window, -1, -1):
        if abs(slope[left + window] - slope[left]) <= threshold:
            return curve.lrs[left + 1]
    return curve.lrs[0]


def minimum(curve: Curve) -> float:
    """Rate of the lowest loss before the explosion.

    Source: common practice.
    Fails: on the verge of divergence with momentum; undefined to a decade where the floor is flat.
    """
    return curve.lrs[_falling(curve).minimum]


def minimum_over_10(curve: Curve) -> float:
    """A tenth of the rate of the lowest loss.

    Source: fastai's ``minimum``.
    Fails: on sweeps that end while the loss falls, and on steep, late falls.
    """
    return minimum(curve) / 10.0


def accuracy_peak(curve: Curve) -> float:
    """Rate at which the accuracy, smoothed, is highest; base_lr is then a third or a quarter of it.

    Source: Smith 2017 (arXiv:1506.01186, section 3.3): max_lr where accuracy slows, becomes ragged or falls,
    base_lr a third or a fourth of it.
    Fails: needs accuracies, which jump in steps of one sample; under batch norm they collapse too early.
    """
    if curve.accuracies is None:
        raise _refusal("too_few_points", "The curve holds no accuracies.")
    values = np.asarray(curve.accuracies)
    end = int(np.argmin(np.isfinite(values))) if not np.isfinite(values).all() else len(values)
    if end < MIN_POINTS:
        raise _refusal("too_few_points", f"Fewer than {MIN_POINTS} finite accuracies.")
    scale = float(np.max(np.abs(values[:end]))) or 1.0
    return curve.lrs[int(np.argmax(zero_lag(values[:end] / scale, half_window(end))))]


def smith(curve: Curve) -> tuple[float, float]:
    """base_lr where the loss starts to fall (a tenth is done), max_lr where it stagnates (95 % are done).

    Source: Smith 2017 (arXiv:1506.01186, section 3.3), by eye; the two shares are ours.
    Fails: where the fall spans many decades the pair does too, and a fall in two stages puts base_lr into the
    first.

    Returns:
        ``(base_lr, max_lr)``, 0 < base_lr < max_lr.
    """
    reading = _falling(curve)
    begin, end = reading.fallen_at(FALL_BEGINS), reading.fallen_at(FALL_ENDS)
    if begin >= end:
        raise _refusal("range_too_high", "The fall is over within one point; use more steps.")
    return curve.lrs[begin], curve.lrs[end]


def _smith_max_lr(curve: Curve) -> float:
    return smith(curve)[1]


def _falling(curve: Curve) -> Reading:
    finite = curve.finite_part()
    if finite is None or len(finite.lrs) < MIN_POINTS:
        raise _refusal("too_few_points", f"Fewer than {MIN_POINTS} finite losses.")
    reading = read(finite)
    if not reading.has_fall:
        raise _refusal("no_fall", "The loss does not fall by more than its noise.")
    return reading


def _refusal(code: WarningCode, message: str) -> NoBoundsError:
    return NoBoundsError((BoundsWarning(code, message),))


NAMED_RULES: Final[dict[str, Callable[[Curve], float]]] = {
    "steepest": steepest,
    "valley": valley,
    "slide": slide,
    "minimum": minimum,
    "minimum_over_10": minimum_over_10,
    "accuracy_peak": accuracy_peak,
    "smith": _smith_max_lr,
}
