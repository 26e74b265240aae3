"""Suggests the bounds of a cycle from the curves of one or several range tests."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from clr_core.bounds.confidence_interval import centre, half_width
from clr_core.bounds.correction import correction
from clr_core.bounds.curve import Curve
from clr_core.bounds.evidence import alternatives_of, evidence_of
from clr_core.bounds.replicas import Replica, examine
from clr_core.bounds.result import BoundsWarning, LrBounds, LrInterval, NoBoundsError
from clr_core.bounds.training import UNKNOWN, Training
from clr_core.bounds.warnings import LAGGING, cautions, grade
from clr_core.errors import InvalidArgumentError

# Peak over foot of the cycle.  On lrbench anything from 3 to 100 does about equally well; Smith takes 3 to 4
# for the triangular policy, torch and fastai divide by 25 for 1cycle.
MAX_OVER_BASE: Final = 10.0
_MOST_DECADES: Final = 300.0  # 10 to the power of more is no float


def suggest_bounds(
    curves: Curve | Iterable[Curve],
    *,
    level: float = 0.9,
    training: Training = UNKNOWN,
    short_sweeps: Iterable[Curve] = (),
) -> LrBounds:
    """Suggest the bounds of a cycle: the default rule on each curve, the median of what it says, a correction.

    max_lr = 10^(median(log10 max_lr of the replicas) + correction), base_lr = max_lr / 10.  The rule: ``half_way``;
    what the training changes: ``correction``; the intervals: ``half_width``.  Scaling the losses, adding a
    constant to them or permuting the replicas changes nothing.

    Args:
        curves: One curve, or one for each replica of the same range test, at least one.
        level: Level of the intervals, 0 < level < 1.
        training: What is known of the training that the bounds are for.
        short_sweeps: Sweeps around the edge from the same initial weights (``clr_core.range_test.around_edge``).
            The median of all edges then takes the place of each curve's own; the interval stays that of the
            curves, since these edges are not independent of theirs.

    Returns:
        Bounds with 0 < base_lr < max_lr <= the largest rate tried, or None in their place, where half of the
        curves or more defend none; intervals, grade, alternatives, evidence and warnings.

    Raises:
        InvalidArgumentError: No curve, or a level outside (0, 1).
    """
    given = [curves] if isinstance(curves, Curve) else list(curves)
    if not given:
        raise InvalidArgumentError("curves", given, "at least one curve")
    if not 0.0 < level < 1.0:
        raise InvalidArgumentError("level", level, "a number between 0 and 1, both ends excluded")
    replicas = [examine(curve, training, with_spread=True) for curve in given]
    usable = [r for r in replicas if r.found is not None]
    edge = _shared_edge(replicas, [examine(curve, training, with_spread=False) for curve in short_sweeps])
    if edge is None:
        max_lr = _max_lr(replicas, training)
    else:
        max_lr = _max_lr([examine(curve, training, edge=edge, with_spread=False) for curve in given], training)
    if max_lr is None:
        return _without_bounds(replicas, level)
    half = half_width([r.found.log10_lr for r in usable if r.found is not None], [r.spread for r in usable], level)
    interval = _interval(max_lr, half, given)
    warnings = cautions(replicas, 2.0 * half) + (LAGGING if training.lagging_statistics else ())
    return LrBounds(
        base_lr=_foot(max_lr),
        max_lr=max_lr,
        grade=grade(warnings, 2.0 * half, len(replicas)),
        level=level,
        replicas=len(replicas),
        base_lr_interval=LrInterval(_foot(interval.low), _foot(interval.high)),
        max_lr_interval=interval,
        method=_method(usable),
        alternatives=alternatives_of(given),
        evidence=evidence_of(replicas),
        warnings=warnings,
    )


def lr_bounds(lrs: Sequence[float], losses: Sequence[float]) -> tuple[float, float]:
    """Bounds of a cycle from one plain sweep, for use without the types of this package.

    Args:
        lrs: Learning rates, strictly rising, length n.
        losses: Loss at each, raw, length n; NaN or infinite where the sweep blew up.

    Returns:
        ``(base_lr, max_lr)`` with 0 < base_lr < max_lr <= the largest rate.

    Raises:
        InvalidArgumentError: Not a curve; see ``Curve``.
        NoBoundsError: The curve defends no bound.
    """
    replica = examine(Curve.of(lrs, losses), UNKNOWN, with_spread=False)
    max_lr = _max_lr([replica], UNKNOWN)
    if max_lr is None:
        raise NoBoundsError(_without_bounds([replica], 0.9).warnings)
    return _foot(max_lr), max_lr


def _shared_edge(replicas: Sequence[Replica], short: Sequence[Replica]) -> float | None:
    """log10 of the median edge of all sweeps; None where none was repeated, or none has an edge."""
    seen, again = ([r.diverged_at for r in found if r.diverged_at is not None] for found in (replicas, short))
    return median([math.log10(lr) for lr in (*seen, *again)]) if seen and again else None


def _max_lr(replicas: Sequence[Replica], training: Training) -> float | None:
    """Corrected median over the replicas with a suggestion; None if they are half or fewer, or a tenth of it is 0."""
    logs = [r.found.log10_lr for r in replicas if r.found is not None]
    if 2 * len(logs) <= len(replicas):
        return None
    largest = max(r.curve.lrs[-1] for r in replicas)
    middle = centre(logs) + correction(training)
    max_lr = 10.0**middle if middle < math.log10(largest) else largest
    return max_lr if _foot(max_lr) < max_lr else None


def _without_bounds(replicas: Sequence[Replica], level: float) -> LrBounds:
    warnings = cautions(replicas, None)
    if 2 * sum(r.found is not None for r in replicas) > len(replicas):
        text = "The rates are so small that a tenth of one is no longer a number; scale the loss down."
        warnings = (BoundsWarning("rates_too_small", text), *warnings)
    alternatives, evidence = alternatives_of([r.curve for r in replicas]), evidence_of(replicas)
    return LrBounds(None, None, "none", level, len(replicas), None, None, "none", alternatives, evidence, warnings)


def _interval(max_lr: float, half: float, curves: Sequence[Curve]) -> LrInterval:
    """Half a width to either side, within the rates that were tried."""
    factor = 10.0 ** min(half, _MOST_DECADES)
    smallest, largest = min(curve.lrs[0] for curve in curves), max(curve.lrs[-1] for curve in curves)
    return LrInterval(min(max_lr, max(max_lr / factor, smallest)), min(max_lr * factor, largest))


def _foot(max_lr: float) -> float:
    """base_lr for a peak, > 0."""
    return max(max_lr / MAX_OVER_BASE, math.ulp(0.0))


def _method(usable: Sequence[Replica]) -> str:
    """Most frequent branch; of equally frequent ones the first in the alphabet, whatever the order."""
    counts = Counter(r.found.branch for r in usable if r.found is not None)
    return min(counts, key=lambda branch: (-counts[branch], branch))
