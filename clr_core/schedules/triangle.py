"""The shape of cyclical learning rates: consecutive triangles of equal or decreasing height."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clr_core.errors import InvalidArgumentError

Whole = NDArray[np.int64]
Array = NDArray[np.float64]


class Height(Protocol):
    """The height of the triangles, in [0, 1]: 1 reaches the peak."""

    def at(self, cycle: int, step: int) -> float:
        """Return the height in ``cycle`` (from zero) at ``step``."""

    def curve(self, cycles: Whole, steps: Whole) -> Array:
        """Return the heights for arrays of the same."""


@dataclass(frozen=True, slots=True)
class Power:
    """``factor`` to the power of the cycle, or of the step; 0 < ``factor`` <= 1."""

    factor: float
    per_step: bool = False

    def at(self, cycle: int, step: int) -> float:
        """Return the height in ``cycle`` (from zero) at ``step``."""
        return self.factor ** (step if self.per_step else cycle)

    def curve(self, cycles: Whole, steps: Whole) -> Array:
        """Return the heights for arrays of the same."""
        values: Array = np.power(self.factor, steps if self.per_step else cycles, dtype=np.float64)
        return values


@dataclass(frozen=True, slots=True)
class CustomHeight:
    """The caller's function of the cycle, or of the step; every value is checked to lie in [0, 1]."""

    function: Callable[[int], float]
    per_step: bool = False

    def at(self, cycle: int, step: int) -> float:
        """Return the height in ``cycle`` (from zero) at ``step``."""
        height = float(self.function(step if self.per_step else cycle))
        if not 0 <= height <= 1:
            raise InvalidArgumentError("scale", height, "a function with values in [0, 1]")
        return height

    def curve(self, cycles: Whole, steps: Whole) -> Array:
        """Return the heights for arrays of the same; the function is called once for every distinct one."""
        distinct, where = np.unique(steps if self.per_step else cycles, return_inverse=True)
        heights = np.array([self.at(value, value) for value in distinct.tolist()], dtype=np.float64)
        values: Array = heights[where]
        return values


@dataclass(frozen=True, slots=True)
class Triangles:
    """From ``foot`` to ``peak`` in ``up`` steps and back in ``down``, for ever.

    ``value = foot + (peak - foot) * rise * height``, where ``rise`` goes 0, 1, 0 over a cycle. Position and cycle
    come from whole-number division, so nothing drifts however long the run. The peak may lie below the foot, as
    for momentum.
    """

    foot: float
    peak: float
    up: int
    down: int
    height: Height | None = None

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        cycle, position = divmod(step, self.up + self.down)
        rise = position / self.up if position <= self.up else (self.up + self.down - position) / self.down
        if self.height is not None:
            rise *= self.height.at(cycle, step)
        return self.peak if rise == 1 else self.foot + (self.peak - self.foot) * rise

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        cycles, position = np.divmod(steps, self.up + self.down)
        rise = np.where(position <= self.up, position / self.up, (self.up + self.down - position) / self.down)
        if self.height is not None:
            rise *= self.height.curve(cycles, steps)
        values: Array = self.foot + (self.peak - self.foot) * rise
        values[rise == 1] = self.peak
        return values
