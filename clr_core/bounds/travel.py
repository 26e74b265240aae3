"""How far the weights have gone at each step of a sweep, whatever its number of steps.

The way is the sum of the rates so far: lr / (q - 1) on a geometric sweep of ratio q.  Of two sweeps over the same
rates the one with more steps therefore falls at lower rates, though nothing else is different, and a rule
that reads the rate there answers differently.
"""

import math
from typing import Final

import numpy as np

from clr_core.bounds.smoothing import Vector

REFERENCE_DENSITY: Final = (11.0, 12.5)  # steps in a decade: a hundred over nine or eight decades, as usual
EVEN: Final = 0.5  # rates are stored rounded, and a step may be missing: half a step more or less is even
GEOMETRIC_SHARE: Final = 0.9


def is_geometric(x: Vector) -> bool:
    """Whether the rates rise by nearly the same factor from step to step.

    Args:
        x: log10 of the rates, shape (n,), strictly rising, n >= 2.

    Returns:
        False for a linear sweep.
    """
    steps = np.diff(x)
    step = float(np.median(steps))
    return step > 0.0 and bool(np.mean(np.abs(steps - step) <= EVEN * step) >= GEOMETRIC_SHARE)


def travel_of(x: Vector) -> Vector:
    """The rates at which a sweep of ``REFERENCE_DENSITY`` would have come as far, as log10.

    x + log10((q_r - 1) / (q - 1)) with the ratio q of this sweep and q_r of the reference.  Only for geometric
    sweeps: a linear one goes most of its way at rates near its end, where stability limits progress and not
    the way.

    Args:
        x: log10 of the rates, shape (n,), evenly spaced, n >= 2.

    Returns:
        Shape (n,).
    """
    step = float(np.median(np.diff(x)))
    low, high = REFERENCE_DENSITY
    reference = min(max(step, 1.0 / high), 1.0 / low)
    return np.asarray(x + math.log10(_growth(reference)) - math.log10(_growth(step)), dtype=np.float64)


def _growth(step: float) -> float:
    """Excess over 1 of the ratio of neighbouring rates, 10^step - 1; finite for any step between floats."""
    return math.expm1(min(step, 300.0) * math.log(10.0))
