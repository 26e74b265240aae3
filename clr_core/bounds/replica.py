"""One curve with everything read from it."""

import math
from dataclasses import dataclass

from clr_core.bounds.curve import Curve
from clr_core.bounds.half_way import Hints, Suggestion, half_way
from clr_core.bounds.interval import noise_spread
from clr_core.bounds.reading import MIN_POINTS, Reading, read


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


def examine(curve: Curve, hints: Hints, *, with_spread: bool) -> Replica:
    """Read a curve and apply the default rule to it.

    Args:
        curve: Any curve.
        hints: As for ``half_way``.
        with_spread: Whether to resample its noise, which takes about ten milliseconds.

    Returns:
        The replica.
    """
    finite = curve.finite_part()
    if finite is None or len(finite.lrs) < MIN_POINTS:
        return Replica(curve, finite, None, None, below_range=False, spread=0.0)
    blew_up = len(finite.lrs) < len(curve.lrs)
    reading = read(finite, blew_up=blew_up)
    found = half_way(reading, hints)
    if found is not None and found.log10_lr < math.log10(curve.lrs[0]):
        return Replica(curve, finite, reading, None, below_range=True, spread=0.0)
    wanted = with_spread and found is not None
    spread = noise_spread(finite, reading, hints, blew_up=blew_up) if wanted else 0.0
    return Replica(curve, finite, reading, found, below_range=False, spread=spread)
