"""Schedules that stand still or fall: the policies that cycles are compared with."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import checks
from clr_core.schedules.schedule import Schedule
from clr_core.schedules.segments import SHAPES, Segment, Segments, through


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
    return Schedule(Stairs((), (checks.finite("lr", lr, above=0),)))


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
    value = checks.finite("lr", lr, above=0)
    ratio = checks.finite("factor", factor, above=0)
    marks = tuple(checks.steps("milestones", milestone) for milestone in milestones)
    if any(b <= a for a, b in pairwise(marks)):
        raise InvalidArgumentError("milestones", list(marks), "in rising order, each of them once")
    return Schedule(Stairs(marks, tuple(value * ratio**k for k in range(len(marks) + 1))))


def linear(lr: float, total_steps: int, final_lr: float = 0.0) -> Schedule:
    """A straight line from ``lr`` at step 0 to ``final_lr`` at step T = ``total_steps``.

    ``lr(s) = lr + (final_lr - lr) * s / T``. The run's last update is step T - 1, so none is wasted on an LR of 0;
    from step T on ``final_lr`` is held.

    Args:
        lr: LR of step 0, >= 0.
        total_steps: Updates of the run, >= 1.
        final_lr: LR arrived at, >= 0; above ``lr`` for a rising line.

    Returns:
        A schedule of ``total_steps`` steps.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    return _fall(lr, total_steps, final_lr, "linear")


def cosine(lr: float, total_steps: int, final_lr: float = 0.0) -> Schedule:
    """Half a cosine from ``lr`` at step 0 to ``final_lr`` at step T = ``total_steps``.

    ``lr(s) = final_lr + (lr - final_lr) * (1 + cos(pi s / T)) / 2``; from step T on ``final_lr`` is held, where
    torch's ``CosineAnnealingLR(T_max=T)`` would rise again.

    Loshchilov & Hutter 2017, "SGDR" (arXiv 1608.03983), equation 5, without restarts (`sequence` makes those).

    Args:
        lr: LR of step 0, >= 0.
        total_steps: Updates of the run, >= 1.
        final_lr: LR arrived at, >= 0.

    Returns:
        A schedule of ``total_steps`` steps.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    return _fall(lr, total_steps, final_lr, "cos")


def _fall(lr: float, total_steps: int, final_lr: float, shape: str) -> Schedule:
    first = checks.finite("lr", lr, at_least=0)
    total = checks.steps("total_steps", total_steps)
    return Schedule(through([(0, first), (total, checks.finite("final_lr", final_lr, at_least=0))], shape), None, total)


def wsd(  # noqa: PLR0913 - each is a number of the policy
    lr: float,
    total_steps: int,
    warmup_steps: int,
    decay_steps: int,
    *,
    initial_lr: float = 0.0,
    final_lr: float = 0.0,
    decay: str = "linear",
) -> Schedule:
    """Warm-up, stable, decay.

    With T = ``total_steps``, w = ``warmup_steps`` and d = ``decay_steps``: a straight line from ``initial_lr`` at step
    0 to ``lr`` at step w; ``lr`` until step T - d; then with t = (s - T + d) / d

    * ``"linear"``: ``lr + (final_lr - lr) * t``
    * ``"cos"``:    ``final_lr + (lr - final_lr) * (1 + cos(pi t)) / 2``
    * ``"sqrt"``:   ``lr + (final_lr - lr) * sqrt(t)``

    down to ``final_lr`` at step T, held from there on.

    Hu et al. 2024, "MiniCPM" (arXiv 2404.06395), section 4; the root: Hägele et al. 2024 (arXiv 2405.18392).

    Args:
        lr: LR of the stable part, > 0.
        total_steps: Updates of the run, >= 1.
        warmup_steps: Steps rising, >= 0.
        decay_steps: Steps falling, >= 0; together with ``warmup_steps`` at most ``total_steps``.
        initial_lr: LR of step 0, >= 0; of no effect without warm-up.
        final_lr: LR arrived at, >= 0; of no effect without decay.
        decay: ``"linear"``, ``"cos"`` or ``"sqrt"``.

    Returns:
        A schedule of ``total_steps`` steps.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    high = checks.finite("lr", lr, above=0)
    low, end = checks.finite("initial_lr", initial_lr, at_least=0), checks.finite("final_lr", final_lr, at_least=0)
    total = checks.steps("total_steps", total_steps)
    warm = checks.steps("warmup_steps", warmup_steps, at_least=0)
    fall = checks.steps("decay_steps", decay_steps, at_least=0)
    checks.one_of("decay", decay, SHAPES)
    if warm + fall > total:
        legal = f"at most total_steps - warmup_steps = {total - warm}"
        raise InvalidArgumentError("decay_steps", decay_steps, legal)
    line = SHAPES["linear"]
    parts = (
        Segment(0, warm, low, high, line),
        Segment(warm, total - fall, high, high, line),
        Segment(total - fall, total, high, end, SHAPES[decay]),
    )
    return Schedule(Segments(tuple(part for part in parts if part.end > part.start)), None, total)
