"""The default rule: half-way, in decades, between where the loss falls and where it explodes."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from clr_core.bounds.reading import Reading

Branch = Literal["half_way", "floor", "plateau"]

FALL: Final = 0.5  # half of the fall done: the steadiest mark of a curve, because the curve is steep there
FLOOR: Final = 0.95  # all of the fall done but for the noise: the floor begins
MARGIN: Final = math.log10(5.0)  # a sweep is past the edge before its explosion shows, momentum delaying it
CAUTIOUS_MARGIN: Final = math.log10(12.0)  # the same where less than a decade of rates was seen to work
DECADE: Final = 1.0
RAMP: Final = 0.25  # the two margins blend over so many decades on either side, so that nothing jumps
HALF: Final = 1.0 / 2.0
THIRD: Final = 1.0 / 3.0  # without momentum nothing delays the explosion: good rates lie nearer to the edge


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the rule says of one curve.

    Attributes:
        log10_lr: log10 of the peak rate.
        branch: ``half_way`` (fall and edge seen), ``floor`` (fall seen, no edge) or ``plateau`` (edge, no
            fall).
    """

    log10_lr: float
    branch: Branch


def half_way(reading: Reading, *, momentum: bool | None = None) -> Suggestion | None:
    """Suggest the peak rate from the marks of one curve.

    With f = log10 of the rate where half of the fall is done and e = log10 of the rate of the edge (from
    there on the loss stays above its start), the peak is

    * ``half_way``: e - max(m(e - f), (e - f) / 2), where the margin m goes from log10 12 to log10 5 as the
      fall was seen over less or more than one decade;
    * ``plateau`` (no fall before the edge): e - log10 12.  The sweep was too quick to leave a plateau; once
      left, the same network explodes a decade earlier;
    * ``floor`` (no edge before the end z of the sweep): middle step of the floor, which goes from 95 % of the
      fall to the minimum, and at most z - (1 - (z - f)) where less than a decade of the fall was seen.

    Without momentum (``momentum=False``) an explosion shows at once: a third of the way in place of half of
    it, and the margin log10 5 always.

    Source: ours.  Smith 2017 (arXiv:1506.01186, section 3.3) reads the two ends of the falling stretch by
    eye; the edge as a hard limit of the rate is the edge of stability of Cohen et al. 2021
    (arXiv:2103.00065).

    Fails: tasks with so few updates that only rates near the edge get anywhere (plain SGD; deep plateaus) are
    given too little; the validation loss under batch norm explodes up to a decade before training does; in a
    fall of two stages the first stage sets f if it is more than half of the fall.

    Args:
        reading: Marks of the curve.
        momentum: Whether the optimizer has momentum (Adam's beta1 is one); None if unknown.

    Returns:
        The suggestion; None if the curve shows neither fall nor edge.
    """
    x, edge = reading.x, reading.edge
    memoryless = momentum is False
    if not reading.has_fall:
        if edge is None:
            return None
        return Suggestion(float(x[edge]) - (MARGIN if memoryless else CAUTIOUS_MARGIN), "plateau")
    fall = float(x[reading.fallen_at(FALL)])
    if edge is not None:
        width = float(x[edge]) - fall
        margin, share = (MARGIN, THIRD) if memoryless else (_margin(width), HALF)
        return Suggestion(float(x[edge]) - max(margin, share * width), "half_way")
    end = float(x[-1])
    middle = (reading.fallen_at(FLOOR) + reading.minimum) // 2
    return Suggestion(min(float(x[middle]), end - max(0.0, DECADE - (end - fall))), "floor")


def _margin(width: float) -> float:
    """From ``CAUTIOUS_MARGIN`` to ``MARGIN`` as the decades between fall and edge pass one."""
    share = min(1.0, max(0.0, (width - DECADE + RAMP) / (2.0 * RAMP)))
    return CAUTIOUS_MARGIN + share * (MARGIN - CAUTIOUS_MARGIN)
