"""What a schedule is, and how its arguments are checked."""

import math
from typing import Protocol, runtime_checkable

from clr_core.errors import InvalidArgumentError


@runtime_checkable
class Schedule(Protocol):
    """An immutable value that says, for every step, which learning rate and momentum to use.

    A step is one optimizer update, counted from zero. Nothing but the step is needed to resume.
    """

    @property
    def total_steps(self) -> int | None:
        """Length in steps; None where the schedule has no end."""
        ...

    def lr_at(self, step: int) -> float:
        """Learning rate of one step; past the end it holds the last value."""
        ...

    def momentum_at(self, step: int) -> float | None:
        """Momentum of one step; None where the schedule leaves momentum alone."""
        ...


def check_lr(name: str, value: float) -> float:
    """Refuse a rate that is not a finite number above 0."""
    if not (math.isfinite(value) and value > 0):
        raise InvalidArgumentError(name, value, "a finite number > 0")
    return float(value)


def check_steps(name: str, value: int, least: int) -> int:
    """Refuse a number of steps that is no integer or below ``least``."""
    if type(value) is not int or value < least:
        raise InvalidArgumentError(name, value, f"an integer >= {least}")
    return value


def check_step(step: int) -> int:
    """Refuse a negative step."""
    if step < 0:
        raise InvalidArgumentError("step", step, "an integer >= 0")
    return step


def check_momenta(base_momentum: float | None, max_momentum: float | None) -> None:
    """Refuse one momentum without the other, or a range that is not 0 <= base <= max < 1."""
    if (base_momentum is None) != (max_momentum is None):
        raise InvalidArgumentError("base_momentum", base_momentum, "given together with max_momentum, or not at all")
    if base_momentum is None or max_momentum is None:
        return
    if not 0 <= max_momentum < 1:
        raise InvalidArgumentError("max_momentum", max_momentum, "in [0, 1)")
    if not 0 <= base_momentum <= max_momentum:
        raise InvalidArgumentError("base_momentum", base_momentum, f"in [0, max_momentum = {max_momentum}]")


def between(low: float, high: float, height: float) -> float:
    """``low`` at height 0 and ``high`` at height 1, both exactly; linear between them."""
    return low * (1.0 - height) + high * height


def mirrored(base_momentum: float | None, max_momentum: float | None, height: float) -> float | None:
    """Momentum that mirrors the rate: ``max_momentum`` at its foot (height 0), ``base_momentum`` at its peak."""
    if base_momentum is None or max_momentum is None:
        return None
    return between(max_momentum, base_momentum, height)
