"""Exponential and polynomial decay, and half cosines with warm restarts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import validation
from clr_core.schedules.schedule import Schedule
from clr_core.schedules.segments import HalfCosine

Whole = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Geometric:
    """``first * gamma ** step``."""

    first: float
    gamma: float

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        return self.first * self.gamma**step

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        return self.first * np.power(self.gamma, steps, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Polynomial:
    """``last + (first - last) * (1 - step / end) ** power``, ``last`` from step ``end`` on."""

    first: float
    last: float
    end: int
    power: float

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        if step == 0:
            return self.first
        left: float = max(1 - step / self.end, 0.0) ** self.power
        return self.last + (self.first - self.last) * left

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        left = np.maximum(1 - steps / self.end, 0.0)
        return np.where(steps == 0, self.first, self.last + (self.first - self.last) * left**self.power)


@dataclass(frozen=True, slots=True)
class Restarts:
    """Half cosines from ``first`` towards ``last``, each ``growth`` times as long as the one before."""

    first: float
    last: float
    length: int
    growth: int

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        length = self.length
        if self.growth == 1:
            step %= length
        while step >= length:
            step -= length
            length *= self.growth
        return HalfCosine(0, length, self.first, self.last).at(step)

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        values: Array = np.array([self.at(step) for step in steps.tolist()], dtype=np.float64)
        return values


def exponential(lr: float, gamma: float) -> Schedule:
    """A decay by the same factor at every step: ``lr(s) = lr * gamma ** s``.

    torch's ``ExponentialLR``.

    Args:
        lr: LR of step 0, > 0.
        gamma: Factor per step, in (0, 1].

    Returns:
        An endless schedule.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    first = validation.finite("lr", lr, above=0)
    return Schedule(Geometric(first, validation.fraction("gamma", gamma, high=True)))


def polynomial(lr: float, total_steps: int, power: float = 1.0, final_lr: float = 0.0) -> Schedule:
    """A fall from ``lr`` at step 0 to ``final_lr`` at step T = ``total_steps``.

    ``lr(s) = final_lr + (lr - final_lr) * (1 - s / T) ** power``; from step T on ``final_lr`` is held.

    torch's ``PolynomialLR``, where ``final_lr`` is 0; Chen et al. 2017, "DeepLab" (arXiv 1606.00915), section 4.1.2,
    with a power of 0.9.

    Args:
        lr: LR of step 0, >= 0.
        total_steps: Updates of the run, >= 1.
        power: Exponent, > 0; 1 is a line.
        final_lr: LR arrived at, >= 0.

    Returns:
        A schedule of ``total_steps`` steps.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    first, last = validation.finite("lr", lr, at_least=0), validation.finite("final_lr", final_lr, at_least=0)
    total = validation.steps("total_steps", total_steps)
    return Schedule(Polynomial(first, last, total, validation.finite("power", power, above=0)), None, total)


def warm_restarts(lr: float, first_steps: int, growth: int = 1, final_lr: float = 0.0) -> Schedule:
    """Half cosines from ``lr`` towards ``final_lr``, each beginning anew at ``lr``.

    ``lr(s) = final_lr + (lr - final_lr) * (1 + cos(pi t / T_k)) / 2``, t steps into the k-th, which has
    T_k = ``first_steps * growth ** k`` steps.

    Loshchilov & Hutter 2017, "SGDR" (arXiv 1608.03983), equation 5; torch's ``CosineAnnealingWarmRestarts``.

    Args:
        lr: LR of step 0 and of each restart, > 0.
        first_steps: Steps until the first restart, >= 1.
        growth: How many times as long each is as the one before, a whole number >= 1.
        final_lr: LR that each falls towards, in [0, ``lr``].

    Returns:
        An endless schedule.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    first, last = validation.finite("lr", lr, above=0), validation.finite("final_lr", final_lr, at_least=0)
    if last > first:
        raise InvalidArgumentError("final_lr", final_lr, f"in [0, lr = {first:g}]")
    return Schedule(
        Restarts(first, last, validation.steps("first_steps", first_steps), validation.steps("growth", growth))
    )
