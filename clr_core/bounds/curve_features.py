"""Features of a range-test curve: start, fall, floor, edge.

All marks are indices into the finite part of the curve.  Losses are first divided by their largest magnitude,
so that neither 1e308 nor 1e-300 overflows, and everything is read from differences: adding a constant to the
losses or scaling them moves no mark.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from clr_core.bounds.curve import Curve
from clr_core.bounds.smoothing import Vector, half_window, noise_level, running_median, zero_lag

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


MIN_POINTS: Final = 10
START_SHARE: Final = 0.1  # the first tenth of the points, but no more than the first decade, is the start
MIN_START_POINTS: Final = 3
REAL_FALL: Final = 2.0  # falls below this many noise levels are what the minimum of pure noise reaches by chance
REAL_RISE: Final = 3.0  # a rise this many noise levels above the start is no noise
SUSTAINED_SHARE: Final = 0.05  # a rise must hold, in the median, for this share of the sweep
MIN_SUSTAINED: Final = 5


@dataclass(frozen=True)
class Reading:
    """Marks of one curve of n points, n >= ``MIN_POINTS``.

    Attributes:
        x: log10 of the rates, shape (n,).
        travel: log10 of the rate at which a sweep of the usual density would have come as far, shape (n,); see
            ``clr_core.bounds.curve_features``.
        geometric: Whether the rates rise by nearly the same factor from step to step.
        loss: Raw losses over ``scale``, shape (n,).
        smooth: Zero-lag smoothed losses, clipped above, over ``scale``, shape (n,).
        scale: What the losses were divided by, > 0.
        start: Level before anything happens: median of the first points.
        noise: Standard deviation of the loss around its trend, before the edge.
        minimum: Where ``smooth`` is lowest before the edge.
        has_fall: Whether start - smooth[minimum] is more than noise.
        edge: First point from which the loss stays above the start; None if the sweep ends before.
    """

    x: Vector
    travel: Vector
    geometric: bool
    loss: Vector
    smooth: Vector
    scale: float
    start: float
    noise: float
    minimum: int
    has_fall: bool
    edge: int | None

    @property
    def drop(self) -> float:
        """How far the smoothed loss falls below the start, >= 0."""
        return max(0.0, self.start - float(self.smooth[self.minimum]))

    def fallen_at(self, share: float) -> int:
        """First point from which on, up to the minimum, at least this share of the fall is done.

        Args:
            share: Share of the fall, 0 < share <= 1.

        Returns:
            Index, at most ``minimum``.
        """
        level = self.start - share * self.drop
        above = np.nonzero(self.smooth[: self.minimum] > level)[0]
        return int(above[-1]) + 1 if len(above) else 0


def read(curve: Curve, *, blew_up: bool = False) -> Reading:
    """Read the marks of a curve.

    Args:
        curve: At least ``MIN_POINTS`` points, all losses finite.
        blew_up: Whether the sweep went on into a non-finite loss; its last point then is the edge at the
            latest.

    Returns:
        The marks.
    """
    x = np.log10(np.asarray(curve.lrs))
    raw = np.asarray(curve.losses)
    scale = float(np.max(np.abs(raw))) or 1.0
    loss = raw / scale
    start = _start_level(x, loss)
    aftermath = _aftermath(loss, start, _start_points(x))
    calm = loss[:aftermath]
    lowest = float(running_median(calm).min())
    # The explosion says where it begins, not by how much: above start + fall all losses count alike.  A spike
    # downwards, a batch without labels say, is cut off likewise.
    fall = max(start - lowest, float(np.finfo(np.float64).tiny))
    clipped = np.clip(loss, lowest - fall, start + fall)
    smooth = zero_lag(clipped, half_window(len(loss)))
    minimum = int(np.argmin(smooth[:aftermath]))
    noise = noise_level(loss[: max(MIN_POINTS, minimum)])
    has_fall = minimum >= _start_points(x) and start - float(smooth[minimum]) > REAL_FALL * noise
    edge = _sustained(loss, start, minimum) if has_fall else aftermath
    if edge is None or edge == len(loss):
        edge = len(loss) - 1 if blew_up else None
    geometric = is_geometric(x)
    travel = travel_of(x) if geometric else x
    return Reading(x, travel, geometric, loss, smooth, scale, start, noise, minimum, has_fall, edge)


def _start_points(x: Vector) -> int:
    within_a_decade = int(np.count_nonzero(x <= x[0] + 1.0))
    return max(MIN_START_POINTS, min(within_a_decade, int(START_SHARE * len(x))))


def _start_level(x: Vector, loss: Vector) -> float:
    return float(np.median(loss[: _start_points(x)]))


def _aftermath(loss: Vector, start: float, first: int) -> int:
    """Where the first explosion begins, or n: a fall after that is a wreck settling, not training."""
    quiet = noise_level(loss[: max(MIN_POINTS, len(loss) // 2)])
    drop = start - float(running_median(loss).min())
    rise = _sustained(loss, start + max(REAL_RISE * quiet, drop), first)
    return len(loss) if rise is None else rise


def _sustained(loss: Vector, level: float, first: int) -> int | None:
    """First index >= ``first`` with a loss above the level and most of the next points above it too."""
    n = len(loss)
    span = max(MIN_SUSTAINED, round(SUSTAINED_SHARE * n))
    above = loss > level
    seen = np.concatenate(([0], np.cumsum(above)))
    ends = np.minimum(np.arange(n) + span, n)
    most = 2 * (seen[ends] - seen[:-1]) > ends - np.arange(n)
    hits = np.nonzero((above & most)[max(first, 1) :])[0]
    return int(hits[0]) + max(first, 1) if len(hits) else None
