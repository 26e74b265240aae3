"""Composed schedules: a sequence of schedules, a schedule with warm-up, a scaled schedule."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import validation
from clr_core.schedules.schedule import Schedule, Track

Whole = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Joined:
    """Tracks one after the other, each counting its own steps from 0; the last holds at its end."""

    starts: tuple[int, ...]
    tracks: tuple[Track, ...]
    end: int

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        step = min(step, self.end)
        part = bisect_right(self.starts, step) - 1
        return self.tracks[part].at(step - self.starts[part])

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        held = np.minimum(steps, self.end)
        part = np.searchsorted(np.array(self.starts, dtype=np.int64), held, side="right") - 1
        values = np.empty(steps.shape, dtype=np.float64)
        for index, (start, track) in enumerate(zip(self.starts, self.tracks, strict=True)):
            inside = part == index
            values[inside] = track.curve(held[inside] - start)
        return values


@dataclass(frozen=True, slots=True)
class Scaled:
    """A track times a factor."""

    track: Track
    factor: float

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        return self.track.at(step) * self.factor

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        return self.track.curve(steps) * self.factor


@dataclass(frozen=True, slots=True)
class Warmed:
    """A track times a ramp from ``factor`` at step 0 to 1 at step ``steps``."""

    track: Track
    steps: int
    factor: float

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        value = self.track.at(step)
        return value if step >= self.steps else value * (self.factor + (1 - self.factor) * (step / self.steps))

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        values = self.track.curve(steps)
        early = steps < self.steps
        values[early] *= self.factor + (1 - self.factor) * (steps[early] / self.steps)
        return values


def sequence(parts: Sequence[tuple[int, Schedule]]) -> Schedule:
    """One schedule after the other, each beginning at its own step 0.

    ``lr(s) = schedule_k(s - s_k)`` for s_k <= s < s_k+1, where s_k is the sum of the steps before part k. A part
    shorter than its schedule cuts it off; a longer one holds its end.

    Smith's CIFAR-10 result of 81.4 % in 25,000 steps is such a one: triangles inside of hand-made step drops
    (arXiv 1506.01186, table 2).

    Args:
        parts: (steps >= 1, schedule), one or more; all of them cycle momentum or none does.

    Returns:
        A schedule of as many steps as the parts together; past the end it holds what the last part arrives at.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    if not parts:
        raise InvalidArgumentError("parts", parts, "one pair (steps, schedule) or more")
    ends = list(accumulate(validation.steps("steps", steps) for steps, _ in parts))
    starts = (0, *ends[:-1])
    momenta = tuple(schedule.momentum for _, schedule in parts if schedule.momentum is not None)
    if momenta and len(momenta) < len(parts):
        without = [index for index, (_, schedule) in enumerate(parts) if schedule.momentum is None]
        raise InvalidArgumentError("parts", f"no momentum in {without}", "schedules that all cycle momentum, or none")
    lr = Joined(starts, tuple(schedule.lr for _, schedule in parts), ends[-1])
    return Schedule(lr, Joined(starts, momenta, ends[-1]) if momenta else None, ends[-1])


def warmup(schedule: Schedule, steps: int, from_factor: float) -> Schedule:
    """Gradual warm-up over the first steps of ``schedule``, which is neither moved nor lengthened.

    ``lr(s) = schedule(s) * (from_factor + (1 - from_factor) * s / steps)`` for s < ``steps``, ``schedule(s)``
    from there on, to the last bit. Momentum is left as it is. For a warm-up *before* a schedule, join `linear` to it
    with `sequence`.

    Goyal et al. 2017, "Accurate, large minibatch SGD" (arXiv 1706.02677), section 2.2: 5 epochs from 1/k of the LR for
    k workers, milestones counted from the start of the run.

    Args:
        schedule: What to warm up.
        steps: Length of the warm-up, >= 1 and at most that of the schedule.
        from_factor: Part of the LR used at step 0, in [0, 1].

    Returns:
        A schedule as long as the given one.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    factor = validation.fraction("from_factor", from_factor, low=True, high=True)
    length = validation.steps("steps", steps)
    if schedule.total_steps is not None and length > schedule.total_steps:
        raise InvalidArgumentError("steps", steps, f"at most the schedule's total_steps = {schedule.total_steps}")
    return Schedule(Warmed(schedule.lr, length, factor), schedule.momentum, schedule.total_steps)


def scaled(schedule: Schedule, factor: float) -> Schedule:
    """``lr(s) = factor * schedule(s)``; momentum is left as it is.

    For the linear scaling rule (Goyal et al. 2017, arXiv 1706.02677, section 2.1) and for discriminative LRs.

    Args:
        schedule: What to scale.
        factor: Multiplier, > 0.

    Returns:
        A schedule as long as the given one.

    Raises:
        InvalidArgumentError: ``factor`` is out of range.
    """
    track = Scaled(schedule.lr, validation.finite("factor", factor, above=0))
    return Schedule(track, schedule.momentum, schedule.total_steps)
