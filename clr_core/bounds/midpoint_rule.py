"""The default rule: the midpoint, on a log scale, between the fall of the loss and its explosion."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from clr_core.bounds.curve_features import Reading
from clr_core.bounds.training import UNKNOWN, Training

Branch = Literal["half_way", "floor", "plateau"]

FALL: Final = 0.5  # half of the fall done: the steadiest mark of a curve, because the curve is steep there
FLOOR: Final = 0.9  # nine tenths done: the floor begins
REACH: Final = 0.5  # decades onto the floor; a rate three times higher that brings no further fall is too high
MARGIN: Final = math.log10(5.0)  # a sweep is past the edge before its explosion shows, momentum delaying it
CAUTIOUS_MARGIN: Final = math.log10(12.0)  # the same where less than a decade of rates was seen to work
DECADE: Final = 1.0
RAMP: Final = 1.0 / 3.0  # the two margins blend over so many decades on either side, so that nothing jumps
HALF: Final = 1.0 / 2.0
LAG: Final = 1.0  # decades: running statistics average the last ten steps, so they fail at a tenth of the rate


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


def half_way(reading: Reading, training: Training = UNKNOWN, edge: float | None = None) -> Suggestion | None:
    """Suggest the peak rate from the marks of one curve.

    In log10 of the rate, f is where half of the fall is done, g where nine tenths are (the floor begins), b
    where the loss is lowest, e the edge (from there on the loss stays above its start) and z the end of the
    sweep.  f and g depend on how far the weights have gone and are therefore taken at the rate at which a
    sweep of the usual density would have come as far (``Reading.travel``); e is a property of the rate.

    * ``half_way`` (fall and edge): min(e - max(m, (e - f) / 2), g + 1/2).  The margin m to the edge goes from
      log10 12 to log10 5 as the fall was seen over less or more than one decade of rates up to e;
    * ``floor`` (fall, no edge): min(b, g + 1/2, z - max(0, 1 - (z - f))), the last where less than a decade
      was seen.  A linear sweep spends most of its steps near z, where the loss goes on falling because time
      passes: where less than half a decade of floor was seen, (f + z) / 2 takes the place of g + 1/2;
    * ``plateau`` (edge, no fall): e - log10 12.  The sweep was too quick to leave a plateau; once left, the
      same network explodes a decade earlier.

    With ``Training.lagging_statistics`` e is a decade above where it was read: running means of batch norm cover
    the last 1 / 0.1 steps, so evaluation breaks down where ten steps change the weights, training where one does.

    Source: ours.  Smith 2017 (arXiv:1506.01186, section 3.3) reads the two ends of the falling stretch by
    eye; that a sharp limit of the rate exists, and falls as training goes on, is the edge of stability of
    Cohen et al. 2021 (arXiv:2103.00065).

    Fails: tasks with so few updates that only rates near the edge get anywhere (plain SGD, deep plateaus) are
    given too little; so is validation loss under batch norm where nobody says so; in a fall of two stages the
    first sets f and g if it is nearly all of the fall; linear sweeps blur all that happens below a hundredth
    of their end.

    Args:
        reading: Marks of the curve.
        training: What is known of the training.
        edge: log10 of the rate of the edge, if further sweeps have located it better; it replaces the edge of a
            curve that shows one itself.

    Returns:
        The suggestion; None if the curve shows neither fall nor edge.
    """
    x = reading.x
    limit = _limit(reading, training, edge)
    if not reading.has_fall:
        return None if limit is None else Suggestion(limit - CAUTIOUS_MARGIN, "plateau")
    if limit is None:
        return Suggestion(_before_the_end(reading), "floor")
    begun = reading.fallen_at(FALL)
    margin = _margin(limit - float(x[begun]))
    share = HALF * (limit - float(reading.travel[begun]))
    return Suggestion(min(limit - max(margin, share), _reach(reading)), "half_way")


def _limit(reading: Reading, training: Training, edge: float | None) -> float | None:
    """log10 of the edge of the training loss; None if the curve shows none."""
    if reading.edge is None:
        return None
    seen = float(reading.x[reading.edge]) if edge is None else edge
    return seen + (LAG if training.lagging_statistics else 0.0)


def _reach(reading: Reading) -> float:
    return float(reading.travel[reading.fallen_at(FLOOR)]) + REACH


def _before_the_end(reading: Reading) -> float:
    """The ``floor`` branch."""
    fall, end = float(reading.travel[reading.fallen_at(FALL)]), float(reading.x[-1])
    reach = _reach(reading)
    if reach > end and not reading.geometric:
        reach = HALF * (fall + end)
    return min(float(reading.x[reading.minimum]), reach, end - max(0.0, DECADE - (end - fall)))


def _margin(width: float) -> float:
    """From ``CAUTIOUS_MARGIN`` to ``MARGIN`` as the decades between fall and edge pass one."""
    share = min(1.0, max(0.0, (width - DECADE + RAMP) / (2.0 * RAMP)))
    return CAUTIOUS_MARGIN + share * (MARGIN - CAUTIOUS_MARGIN)
