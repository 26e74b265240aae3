"""A track made of segments: each goes from one value to another, along a straight line or a bent one."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a segment goes from ``first`` at t = 0 to ``last`` at t = 1, both met to the last bit.

    Attributes:
        at: (first, last, t) to the value, all floats.
        curve: The same for an array of t.
    """

    at: Callable[[float, float, float], float]
    curve: Callable[[float, float, Array], Array]


def _line(first: float, last: float, t: float) -> float:
    """``first + (last - first) t``; the rounding of that misses ``last`` at times, so t = 1 is its own case."""
    return last if t == 1 else first + (last - first) * t


def _line_curve(first: float, last: float, t: Array) -> Array:
    values = first + (last - first) * t
    values[t == 1] = last
    return values


def _cosine(first: float, last: float, t: float) -> float:
    """``last + (first - last) / 2 (1 + cos(pi t))``; the rounding of that misses ``first`` at times."""
    return first if t == 0 else last + (first - last) / 2 * (math.cos(math.pi * t) + 1)


def _cosine_curve(first: float, last: float, t: Array) -> Array:
    values = last + (first - last) / 2 * (np.cos(np.pi * t) + 1)
    values[t == 0] = first
    return values


def _root(first: float, last: float, t: float) -> float:
    """``first + (last - first) sqrt(t)``: steep at first."""
    return last if t == 1 else first + (last - first) * math.sqrt(t)


def _root_curve(first: float, last: float, t: Array) -> Array:
    return _line_curve(first, last, np.asarray(np.sqrt(t), dtype=np.float64))


SHAPES = {"linear": Shape(_line, _line_curve), "cos": Shape(_cosine, _cosine_curve), "sqrt": Shape(_root, _root_curve)}


@dataclass(frozen=True, slots=True)
class Segment:
    """From value ``first`` at step ``start`` to value ``last`` at step ``end`` > ``start``.

    The ends may lie between steps; torch's 1cycle has its peak there.
    """

    start: float
    end: float
    first: float
    last: float
    shape: Shape


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
                t = (step - part.start) / (part.end - part.start)
                return part.shape.at(part.first, part.last, t)
        return self.parts[-1].last

    def curve(self, steps: NDArray[np.int64]) -> Array:
        """Return the values at ``steps``."""
        values = np.full(steps.shape, self.parts[-1].last, dtype=np.float64)
        before = -math.inf
        for part in self.parts:
            inside = (steps > before) & (steps <= part.end)
            t = (steps[inside] - part.start) / (part.end - part.start)
            values[inside] = part.shape.curve(part.first, part.last, t)
            before = part.end
        return values


def through(knots: list[tuple[float, float]], shape: str) -> Segments:
    """Return the segments through ``knots``, (step, value) with steps rising from 0, all of one shape.

    Two knots at the same step have no segment between them.
    """
    return Segments(tuple(Segment(a, b, v, w, SHAPES[shape]) for (a, v), (b, w) in pairwise(knots) if b > a))
