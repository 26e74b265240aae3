"""Rules for the bounds from papers and from other libraries, one function for each.

Each is a pure function of one curve and raises ``NoBoundsError`` if it has no answer.  The rules here smooth the
curve without lag; those of fastai, with its lag, are in ``clr_core.bounds.fastai_rules``.  ``NAMED_RULES`` has the
rules of both modules by name.  ``benchmarks/bounds.py`` scores them all.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from clr_core.bounds.curve import Curve
from clr_core.bounds.curve_features import MIN_POINTS, Reading, read
from clr_core.bounds.fastai_rules import minimum_over_10, slide, valley
from clr_core.bounds.result import refusal
from clr_core.bounds.smoothing import half_window, zero_lag

FALL_BEGINS: Final = 0.1
FALL_ENDS: Final = 0.95


def steepest(curve: Curve) -> float:
    """Rate at which the loss falls fastest: argmin d loss / d log10 lr up to the minimum.

    Source: fastai's ``steep``; torch-lr-finder and ignite have the same rule.  Differences from them: no lag, and
    no point beyond the minimum.  The mean regret (``docs/bounds.md``) is 0.21 instead of fastai's 0.23 on lrbench,
    and 0.30 instead of 0.40 on our own tasks.
    Fails: the rate is far too low if the loss falls slowly, and far too high if a plateau ends just before the
    explosion.
    """
    reading = _falling(curve)
    if not np.all(np.diff(reading.x) > 0.0):
        raise refusal("range_too_narrow", "The rates are so close that their logarithms are equal.")
    slope = np.gradient(reading.smooth, reading.x)[: reading.minimum + 1]
    return curve.lrs[int(np.argmin(slope))]


def minimum(curve: Curve) -> float:
    """Rate of the lowest loss before the explosion.

    Source: common practice.
    Fails: with momentum, training at this rate is close to divergence; if the floor of the curve is flat, the rate is
    uncertain by a decade.
    """
    return curve.lrs[_falling(curve).minimum]


def accuracy_peak(curve: Curve) -> float:
    """Rate of the highest smoothed accuracy; base_lr is then a third or a quarter of it.

    Source: Smith 2017 (arXiv:1506.01186, section 3.3): max_lr is the rate at which the accuracy rises more slowly,
    becomes ragged or falls; base_lr is a third or a fourth of it.
    Fails: the rule needs accuracies, which change in steps of one sample; with batch norm they collapse too early.
    """
    if curve.accuracies is None:
        raise refusal("too_few_points", "The curve holds no accuracies.")
    values = np.asarray(curve.accuracies)
    end = int(np.argmin(np.isfinite(values))) if not np.isfinite(values).all() else len(values)
    if end < MIN_POINTS:
        raise refusal("too_few_points", f"Fewer than {MIN_POINTS} finite accuracies.")
    scale = float(np.max(np.abs(values[:end]))) or 1.0
    return curve.lrs[int(np.argmax(zero_lag(values[:end] / scale, half_window(end))))]


def smith(curve: Curve) -> tuple[float, float]:
    """Rates at which the loss starts to fall (base_lr, after 10 % of the fall) and stagnates (max_lr, after 95 %).

    Source: Smith 2017 (arXiv:1506.01186, section 3.3), who reads them by eye; the two shares are ours.
    Fails: if the fall spans many decades, so do the two rates; if it has two stages, base_lr lies in the first.

    Returns:
        ``(base_lr, max_lr)``, 0 < base_lr < max_lr.
    """
    reading = _falling(curve)
    begin, end = reading.fallen_at(FALL_BEGINS), reading.fallen_at(FALL_ENDS)
    if begin >= end:
        raise refusal("range_too_high", "The fall is over within one point; use more steps.")
    return curve.lrs[begin], curve.lrs[end]


def _smith_max_lr(curve: Curve) -> float:
    return smith(curve)[1]


def _falling(curve: Curve) -> Reading:
    finite = curve.finite_part()
    if finite is None or len(finite.lrs) < MIN_POINTS:
        raise refusal("too_few_points", f"Fewer than {MIN_POINTS} finite losses.")
    reading = read(finite)
    if not reading.has_fall:
        raise refusal("no_fall", "The loss does not fall by more than its noise.")
    return reading


NAMED_RULES: Final[dict[str, Callable[[Curve], float]]] = {
    "steepest": steepest,
    "valley": valley,
    "slide": slide,
    "minimum": minimum,
    "minimum_over_10": minimum_over_10,
    "accuracy_peak": accuracy_peak,
    "smith": _smith_max_lr,
}
