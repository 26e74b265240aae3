"""Growth of the largest usable rate with the batch size: the exponent of max_lr ~ batch^exponent, with its interval."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Final

LINEAR: Final = 1.0  # Goyal et al. 2017, section 2.1
SQUARE_ROOT: Final = 0.5  # Krizhevsky 2014, section 5
MIN_SIZES: Final = 3  # a line through two points has no residual, so its fit could not be checked
LEAST_SIGMA: Final = 0.01  # no range test reads a rate to better than a percent


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """A suggested rate and its batch size.

    Attributes:
        size: Global batch size, samples.
        max_lr: The rate; ``low`` and ``high`` are the ends of its interval.
        group: The other settings of a point; each group has its own level.
    """

    size: float
    max_lr: float
    low: float
    high: float
    group: Hashable = None


@dataclass(frozen=True, slots=True)
class Scaling:
    """The fitted exponent, or the reason why there is none.

    Attributes:
        exponent: Slope of log max_lr over log size; ``low`` and ``high`` hold it at ``level``.
        points: Number of points behind the slope.
        reason: Why ``exponent`` is None.
    """

    exponent: float | None
    low: float | None
    high: float | None
    level: float
    points: int
    reason: str | None
    linear: float = LINEAR
    square_root: float = SQUARE_ROOT

    def to_dict(self) -> dict[str, Any]:
        """As a document."""
        return asdict(self)


def fit_exponent(points: Sequence[ScalingPoint], *, level: float = 0.9) -> Scaling:
    """Fit log max_lr = c_group + exponent · log size by weighted least squares.

    A point weighs 1 / sigma², where sigma = log(high / low) / (2 z) and z is the normal quantile of ``level``.
    With x and y centred on the weighted means of their group, the exponent is Σ w x y / Σ w x² and its variance
    1 / Σ w x², enlarged by χ² / n where that exceeds 1: points that scatter by more than their intervals allow
    widen the interval (Birge, Phys. Rev. 40, 1932).  n = points - groups - 1.

    Fails: where the exponent changes over the sizes (it falls beyond the critical batch size, McCandlish et al.
    2018) it is an average; with few points the scatter is itself poorly known.

    Args:
        points: Sizes, rates and interval ends, all positive.
        level: Confidence level of the interval and of the points' intervals; 0 < level < 1.

    Returns:
        The exponent; None with a reason if the points have fewer than 3 distinct sizes in every group.

    Raises:
        ValueError: A number is not positive and finite, or an interval's ends are the wrong way round.
    """
    _check(points, level)
    groups: dict[Hashable, list[ScalingPoint]] = defaultdict(list)
    for point in points:
        groups[point.group].append(point)
    telling = [members for members in groups.values() if len({each.size for each in members}) > 1]
    sizes = {each.size for members in telling for each in members}
    used = sum(map(len, telling))
    if len(sizes) < MIN_SIZES or used - len(telling) - 1 < 1:
        distinct = len({point.size for point in points})
        needed = f"{MIN_SIZES} or more distinct sizes, other settings equal"
        reason = f"needs bounds with intervals at {needed}; got {distinct}"
        return Scaling(None, None, None, level, len(points), reason)
    z = NormalDist().inv_cdf((1 + level) / 2)
    rows = [row for members in telling for row in _centred(members, z)]
    spread = sum(w * x * x for w, x, _ in rows)
    slope = sum(w * x * y for w, x, y in rows) / spread
    misfit = sum(w * (y - slope * x) ** 2 for w, x, y in rows) / (used - len(telling) - 1)
    half = z * math.sqrt(max(1.0, misfit) / spread)
    return Scaling(slope, slope - half, slope + half, level, used, None)


def _check(points: Sequence[ScalingPoint], level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}")
    for point in points:
        for name in ("size", "max_lr", "low", "high"):
            value = getattr(point, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be positive and finite, got {value}")
        if point.low > point.high:
            raise ValueError(f"low must be at most high = {point.high}, got {point.low}")


def _centred(members: Sequence[ScalingPoint], z: float) -> list[tuple[float, float, float]]:
    weights = [max(math.log(each.high / each.low) / (2 * z), LEAST_SIGMA) ** -2 for each in members]
    xs, ys = [math.log(each.size) for each in members], [math.log(each.max_lr) for each in members]
    total = sum(weights)
    x_mean = sum(w * x for w, x in zip(weights, xs, strict=True)) / total
    y_mean = sum(w * y for w, y in zip(weights, ys, strict=True)) / total
    return [(w, x - x_mean, y - y_mean) for w, x, y in zip(weights, xs, ys, strict=True)]
