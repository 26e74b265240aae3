"""A replica, which is one curve with everything read from it, and the median curve of several."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from clr_core.bounds.confidence_interval import noise_spread
from clr_core.bounds.curve import Curve
from clr_core.bounds.curve_features import MIN_POINTS, Reading, read
from clr_core.bounds.midpoint_rule import Suggestion, half_way
from clr_core.bounds.training import Training
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


@dataclass(frozen=True)
class Replica:
    """A curve, its finite part, its marks, and what the default rule says of it.

    Attributes:
        curve: As measured.
        finite: Up to the first non-finite loss; None if nothing is left.
        reading: Marks; None for fewer than ``MIN_POINTS`` finite points.
        found: Suggestion within the rates tried; None if there is none.
        below_range: The rule pointed below the smallest rate tried.
        spread: ``noise_spread`` in decades; 0 without a suggestion.
    """

    curve: Curve
    finite: Curve | None
    reading: Reading | None
    found: Suggestion | None
    below_range: bool
    spread: float

    @property
    def blew_up(self) -> bool:
        """Whether the sweep met a non-finite loss."""
        return self.finite is None or len(self.finite.lrs) < len(self.curve.lrs)

    @property
    def diverged_at(self) -> float | None:
        """Rate from which on the loss stayed above its start or was not finite; None if there is none."""
        if self.reading is not None and self.reading.edge is not None:
            return self.curve.lrs[self.reading.edge]
        if not self.blew_up:
            return None
        return self.curve.lrs[0 if self.finite is None else len(self.finite.lrs)]


def examine(curve: Curve, training: Training, *, edge: float | None = None, with_spread: bool) -> Replica:
    """Read a curve and apply the default rule to it.

    Args:
        curve: Any curve.
        training: What is known of the training.
        edge: As for ``half_way``.
        with_spread: Whether to resample its noise, which takes about ten milliseconds.

    Returns:
        The replica.
    """
    finite = curve.finite_part()
    if finite is None or len(finite.lrs) < MIN_POINTS:
        return Replica(curve, finite, None, None, below_range=False, spread=0.0)
    blew_up = len(finite.lrs) < len(curve.lrs)
    reading = read(finite, blew_up=blew_up)
    found = half_way(reading, training, edge)
    if found is not None and found.log10_lr < math.log10(curve.lrs[0]):
        return Replica(curve, finite, reading, None, below_range=True, spread=0.0)
    wanted = with_spread and found is not None
    spread = noise_spread(finite, reading, training, blew_up=blew_up) if wanted else 0.0
    return Replica(curve, finite, reading, found, below_range=False, spread=spread)
