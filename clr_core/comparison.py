"""Comparison of runs: steps to a target, medians over seeds, ratios of updates. Pure functions."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Literal

Missing = Literal["left_out", "highest", "lowest"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and range over some runs.

    Attributes:
        median: None where there is none, or where it would lie among the missing values.
        low: The lowest; None if it is missing.
        high: The highest; None if it is missing.
        runs: Number of runs.
        known: Number of runs with a value.
    """

    median: float | None
    low: float | None
    high: float | None
    runs: int
    known: int

    def to_dict(self) -> dict[str, float | None]:
        """Return the values as a document."""
        return asdict(self)


def spread(values: Sequence[float | None], missing: Missing = "left_out") -> Spread:
    """Return the median and range of values, one for each run.

    Args:
        values: Finite values; None for a run without one.
        missing: How to rank runs without a value: leave them out, or rank them above or below all others. A run that
            never reached a target needs more steps than any that did: ``highest``. Leaving it out would bias the
            median.
    """
    known = [value for value in values if value is not None]
    count, absent = len(known), len(values) - len(known)
    if missing == "left_out" or not absent:
        middle = median(known) if known else None
        return Spread(middle, min(known, default=None), max(known, default=None), len(values), count)
    beyond = math.inf if missing == "highest" else -math.inf
    ranked = sorted([*known, *[beyond] * absent])
    inner = ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]
    middle = sum(inner) / 2 if all(map(math.isfinite, inner)) else None
    low, high = (value if math.isfinite(value) else None for value in (ranked[0], ranked[-1]))
    return Spread(middle, low, high, len(values), count)


def steps_to(
    target: float, evaluations: Sequence[tuple[int, float]], *, higher_is_better: bool
) -> int | None:  # fmt: skip
    """Return the updates until the first evaluation that is at least as good as a target; None if there is none.

    Args:
        target: The value to reach.
        evaluations: Zero-based step after which it was evaluated, and the value; in order of steps.
        higher_is_better: True for an accuracy, False for a loss.
    """
    for step, value in evaluations:
        if (value >= target) if higher_is_better else (value <= target):
            return step + 1
    return None
