"""Replicas merged into a median curve with a band, to look at; bounds are read from the single curves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from clr_core.bounds.curve import Curve
from clr_core.errors import InvalidArgumentError

_CEILING: Final = 1e300  # differences of losses up to here do not overflow


@dataclass(frozen=True, slots=True)
class MedianCurve:
    """Median and band of several sweeps, m points.

    Attributes:
        lrs: Rates, strictly rising, shape (m,).
        losses: Median loss at each rate.
        low: Lower end of the band at each rate.
        high: Upper end of the band at each rate.
    """

    lrs: tuple[float, ...]
    losses: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def merge(curves: Iterable[Curve], *, level: float = 0.9) -> MedianCurve:
    """Merge sweeps into their median curve and the band that holds a share of them at each rate.

    The rates are those of the longest sweep; another sweep's losses are interpolated linearly over the
    logarithm of the rate.  The curve ends where half of the sweeps or fewer are still finite.

    Args:
        curves: Sweeps of the same range test, at least one with a finite loss; they may have ended at
            different steps.
        level: Share of the sweeps within the band, 0 < level < 1.

    Returns:
        The merged curve, possibly without points.

    Raises:
        InvalidArgumentError: No curve, or a level outside (0, 1).
    """
    given = list(curves)
    if not given:
        raise InvalidArgumentError("curves", given, "at least one curve")
    if not 0.0 < level < 1.0:
        raise InvalidArgumentError("level", level, "a number between 0 and 1, both ends excluded")
    lrs = max((curve.lrs for curve in given), key=lambda rates: (len(rates), rates))
    x = np.log(lrs)
    rows = np.full((len(given), len(lrs)), np.nan)
    for row, curve in zip(rows, given, strict=True):
        finite = curve.finite_part()
        if finite is not None:
            own = np.log(finite.lrs)
            inside = (x >= own[0]) & (x <= own[-1])
            row[inside] = np.interp(x[inside], own, np.clip(finite.losses, -_CEILING, _CEILING))
    kept = [i for i in range(len(lrs)) if 2 * np.count_nonzero(np.isfinite(rows[:, i])) > len(given)]
    tail = (1.0 - level) / 2.0
    bands = [np.nanquantile(rows[:, i], (tail, 0.5, 1.0 - tail)).tolist() for i in kept]
    low, middle, high = (tuple(band[k] for band in bands) for k in range(3))
    return MedianCurve(tuple(lrs[i] for i in kept), middle, low, high)
