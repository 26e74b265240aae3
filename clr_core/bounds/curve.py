"""The curve of one range test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from clr_core.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Curve:
    """What one range test measured, in the order in which it was measured.

    Attributes:
        lrs: Learning rates, strictly rising, finite and > 0; length n >= 1.
        losses: Loss at each rate, raw (not smoothed), length n; NaN and infinite values are allowed and mean
            that the sweep blew up there.
        accuracies: Accuracy (a fraction; larger is better) at each rate, length n, or None where it was not
            measured.

    Raises:
        InvalidArgumentError: Empty, of unequal lengths, or rates that are not finite, positive and rising.
    """

    lrs: tuple[float, ...]
    losses: tuple[float, ...]
    accuracies: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        # Lists and arrays are welcome; what is kept is immutable and made of plain floats.
        object.__setattr__(self, "lrs", tuple(map(float, self.lrs)))
        object.__setattr__(self, "losses", tuple(map(float, self.losses)))
        if self.accuracies is not None:
            object.__setattr__(self, "accuracies", tuple(map(float, self.accuracies)))
        self._check()

    def _check(self) -> None:
        n = len(self.lrs)
        if n == 0:
            raise InvalidArgumentError("lrs", [], "at least one rate")
        if len(self.losses) != n:
            raise InvalidArgumentError("losses", f"{len(self.losses)} values", f"as long as lrs ({n})")
        if self.accuracies is not None and len(self.accuracies) != n:
            raise InvalidArgumentError("accuracies", f"{len(self.accuracies)} values", f"as long as lrs ({n})")
        for lr in self.lrs:
            if not (math.isfinite(lr) and lr > 0):
                raise InvalidArgumentError("lrs", lr, "finite and > 0")
        for before, after in pairwise(self.lrs):
            if after <= before:
                raise InvalidArgumentError("lrs", f"{after!r} after {before!r}", "strictly rising")

    @classmethod
    def of(cls, lrs: Sequence[float], losses: Sequence[float], accuracies: Sequence[float] | None = None) -> Self:
        """Build a curve from any sequences (lists, arrays); see the class for shapes and errors."""
        return cls(tuple(lrs), tuple(losses), None if accuracies is None else tuple(accuracies))

    def finite_part(self) -> "Curve | None":
        """The curve up to, but without, its first NaN or infinite loss; None if that leaves nothing."""
        end = next((i for i, loss in enumerate(self.losses) if not math.isfinite(loss)), len(self.losses))
        if end == 0:
            return None
        return Curve(self.lrs[:end], self.losses[:end], None if self.accuracies is None else self.accuracies[:end])
