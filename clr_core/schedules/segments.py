"""A track of segments: each goes from one value to another along a line or a curve."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, inf, pi, sqrt

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Segment(ABC):
    """From value ``first`` at step ``start`` to ``last`` at step ``end`` > ``start``, both met to the last bit.

    Within, t = (step - start) / (end - start). The ends may lie between steps; torch's 1cycle has its peak there.
    """

    start: float
    end: float
    first: float
    last: float

    @abstractmethod
    def at(self, step: int) -> float:
        """Return the value at ``step``, ``start`` <= ``step`` <= ``end``."""

    @abstractmethod
    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``, all of them within the segment."""

    def fractions(self, steps: Whole) -> Array:
        """Return t at ``steps``."""
        return (steps.astype(np.float64) - self.start) / (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Line(Segment):
    """``first + (last - first) t``; the rounding of that misses ``last`` at times, so t = 1 is its own case."""

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        t = (step - self.start) / (self.end - self.start)
        return self.last if t == 1 else self.first + (self.last - self.first) * t

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        t = self.fractions(steps)
        return np.where(t == 1, self.last, self.first + (self.last - self.first) * t)


@dataclass(frozen=True, slots=True)
class HalfCosine(Segment):
    """``last + (first - last) / 2 (1 + cos(pi t))``; the rounding of that misses ``first`` at times."""

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        t = (step - self.start) / (self.end - self.start)
        return self.first if t == 0 else self.last + (self.first - self.last) / 2 * (cos(pi * t) + 1)

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        t = self.fractions(steps)
        return np.where(t == 0, self.first, self.last + (self.first - self.last) / 2 * (np.cos(pi * t) + 1))


@dataclass(frozen=True, slots=True)
class Root(Segment):
    """``first + (last - first) sqrt(t)``: steep at first."""

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        t = (step - self.start) / (self.end - self.start)
        return self.last if t == 1 else self.first + (self.last - self.first) * sqrt(t)

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        t = self.fractions(steps)
        return np.where(t == 1, self.last, self.first + (self.last - self.first) * np.sqrt(t))


SHAPES: dict[str, type[Segment]] = {"linear": Line, "cos": HalfCosine, "sqrt": Root}


@dataclass(frozen=True, slots=True)
class Segments:
    """Segments joined end to start, from step 0; past the last one its last value is held.

    A step on a boundary belongs to the segment that ends there.
    """

    parts: tuple[Segment, ...]

    def at(self, step: int) -> float:
        """Return the value at ``step``."""
        for part in self.parts:
            if step <= part.end:
                return part.at(step)
        return self.parts[-1].last

    def curve(self, steps: Whole) -> Array:
        """Return the values at ``steps``."""
        values = np.full(steps.shape, self.parts[-1].last, dtype=np.float64)
        before = -inf
        for part in self.parts:
            inside = (steps > before) & (steps <= part.end)
            values[inside] = part.curve(steps[inside])
            before = part.end
        return values


def through(steps: Sequence[float], values: Sequence[float], shape: str) -> Segments:
    """Return the segments through ``values`` at ``steps``, which rise from 0, all of one shape.

    Two knots at the same step have no segment between them.
    """
    knots = pairwise(zip(steps, values, strict=True))
    return Segments(tuple(SHAPES[shape](start, end, a, b) for (start, a), (end, b) in knots if end > start))
