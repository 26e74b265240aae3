"""The evidence for an answer, and the answers of other rules."""

import math
from collections.abc import Sequence
from statistics import median_high, median_low

from clr_core.bounds.curve import Curve
from clr_core.bounds.literature_rules import NAMED_RULES
from clr_core.bounds.replicas import Replica
from clr_core.bounds.result import Alternative, Evidence, LossMinimum, NoBoundsError


def alternatives_of(curves: Sequence[Curve]) -> tuple[Alternative, ...]:
    """What each named rule says: median over the curves it has an answer for, if they are more than half."""
    out = []
    for name, rule in NAMED_RULES.items():
        lrs = []
        for curve in curves:
            try:
                lrs.append(rule(curve))
            except NoBoundsError:
                continue
        if 2 * len(lrs) > len(curves):
            out.append(Alternative(name, _middle(lrs)))
    return tuple(out)


def _middle(lrs: Sequence[float]) -> float:
    """Median of rates; of an even number the geometric mean of the middle two."""
    low, high = median_low(lrs), median_high(lrs)
    return low if low == high else math.sqrt(low) * math.sqrt(high)


def evidence_of(replicas: Sequence[Replica]) -> Evidence:
    """Points, range, lowest loss and divergence of all curves together; medians over the curves."""
    lr_range = (min(r.curve.lrs[0] for r in replicas), max(r.curve.lrs[-1] for r in replicas))
    lowest = [
        (r.curve.lrs[r.reading.minimum], float(r.reading.smooth[r.reading.minimum]) * r.reading.scale)
        for r in replicas
        if r.reading is not None
    ]
    minimum = None
    if lowest:
        minimum = LossMinimum(_middle([lr for lr, _ in lowest]), median_low(loss for _, loss in lowest))
    ends = [r.diverged_at for r in replicas if r.diverged_at is not None]
    diverged_at = _middle(ends) if 2 * len(ends) > len(replicas) else None
    return Evidence(sum(len(r.finite.lrs) for r in replicas if r.finite), lr_range, minimum, diverged_at)
