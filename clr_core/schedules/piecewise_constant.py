"""Schedules that are constant between milestones: the constant LR, and the standard policy of steps down."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import validation
from clr_core.schedules.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Stairs:
    """A constant between milestones: ``values[k]`` where k milestones lie at or before the step."""

    milestones: tuple[int, ...]
    values: tuple[float, ...]

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        return self.values[bisect_right(self.milestones, step)]

    def curve(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the values at ``steps``."""
        met = np.searchsorted(np.array(self.milestones, dtype=np.int64), steps, side="right")
        curve: NDArray[np.float64] = np.array(self.values, dtype=np.float64)[met]
        return curve


def constant(lr: float) -> Schedule:
    """One LR for ever: ``lr(s) = lr``.

    Args:
        lr: The LR, > 0.

    Returns:
        An endless schedule.

    Raises:
        InvalidArgumentError: ``lr`` is out of range.
    """
    return Schedule(Stairs((), (validation.finite("lr", lr, above=0),)))


def piecewise(lr: float, milestones: Sequence[int], factor: float = 0.1) -> Schedule:
    """The standard policy: constant, and multiplied by ``factor`` at every milestone.

    ``lr(s) = lr * factor ** k``, k milestones being <= s.

    He et al. 2016, "Deep residual learning" (arXiv 1512.03385), section 4.2; torch's ``MultiStepLR``.

    Args:
        lr: LR before the first milestone, > 0.
        milestones: Steps >= 1 in rising order, each the first that uses the new LR; none is legal.
        factor: Multiplier at a milestone, > 0.

    Returns:
        An endless schedule.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    value = validation.finite("lr", lr, above=0)
    ratio = validation.finite("factor", factor, above=0)
    marks = tuple(validation.steps("milestones", milestone) for milestone in milestones)
    if any(b <= a for a, b in pairwise(marks)):
        raise InvalidArgumentError("milestones", list(marks), "in rising order, each of them once")
    return Schedule(Stairs(marks, tuple(value * ratio**k for k in range(len(marks) + 1))))
