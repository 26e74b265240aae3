"""Successive halving on a ladder of learning rates: the rates, the length of each run, the survivors, the result.

A range test shows where training explodes, but its loss also falls with time, so it says less about the rates below. A
probe measures the objective itself: a short run of the real schedule with one peak rate.

Source: successive halving, Jamieson & Talwalkar 2016 (arXiv:1502.07943), algorithm 1: many candidates for few steps,
the better half for twice as many, and so on; each rung costs about the same.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Final

from clr_core.errors import InvalidArgumentError

RATIO: Final = 2.0  # between neighbours, by default
FINALISTS: Final = 2
FINAL_RUNS: Final = 3  # of each finalist, with other orders of the data
MIN_STEPS: Final = 10  # of a probe: a cycle of fewer is none
_MIN_RATES: Final = 2
_STANDARD_ERRORS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Rung:
    """Probes that run at the same time.

    Attributes:
        rates: Maximum number of rates.
        steps: Steps of each probe.
        runs: Probes of each rate.
    """

    rates: int
    steps: int
    runs: int


def ladder(lowest: float, highest: float, rates: int) -> tuple[float, ...]:
    """Return rates from ``lowest`` to ``highest`` in a geometric progression.

    Raises:
        InvalidArgumentError: The ends are not 0 < lowest < highest, finite, or there are fewer than two rates.
    """
    if rates < _MIN_RATES:
        raise InvalidArgumentError("rates", rates, f"an integer >= {_MIN_RATES}")
    if not (math.isfinite(highest) and 0.0 < lowest < highest):
        raise InvalidArgumentError("lowest", lowest, f"a number > 0 and < highest ({highest!r})")
    low, high = math.log(lowest), math.log(highest)
    inner = [math.exp(low + (high - low) * k / (rates - 1)) for k in range(1, rates - 1)]
    return (lowest, *inner, highest)


def reach(rates: int) -> float:
    """Return highest over lowest rate of a ladder with the ratio ``RATIO`` between neighbours."""
    return RATIO ** (rates - 1)


def rungs(rates: int, budget: int) -> tuple[Rung, ...]:
    """Return the rungs of a ladder: n rates for s steps, n/2 for 2 s, … and the last two, ``FINAL_RUNS`` times each.

    s is the largest for which all probes together take at most ``budget`` steps.

    Raises:
        InvalidArgumentError: A probe would have fewer than ``MIN_STEPS`` steps.
    """
    if rates < _MIN_RATES:
        raise InvalidArgumentError("rates", rates, f"an integer >= {_MIN_RATES}")
    counts = [rates]
    while counts[-1] > FINALISTS:
        counts.append(-(-counts[-1] // 2))
    runs = [1] * (len(counts) - 1) + [FINAL_RUNS]
    cost = sum(count * times * 2**k for k, (count, times) in enumerate(zip(counts, runs, strict=True)))
    steps = budget // cost
    if steps < MIN_STEPS:
        raise InvalidArgumentError("budget", budget, f"an integer >= {MIN_STEPS * cost} for {rates} rates")
    return tuple(Rung(count, steps * 2**k, times) for k, (count, times) in enumerate(zip(counts, runs, strict=True)))


def survivors(scores: Mapping[float, Sequence[float]], keep: int) -> tuple[float, ...]:
    """Return the ``keep`` rates with the lowest median score, ascending, without those whose median is not finite.

    Args:
        scores: By rate, one for each run, lower is better; NaN or infinite if a run diverged. Of equal scores the lower
            rate is kept.
        keep: Maximum number of survivors.
    """
    fit = sorted((_middle(values), rate) for rate, values in scores.items() if math.isfinite(_middle(values)))
    return tuple(sorted(rate for _, rate in fit[:keep]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a ladder.

    Attributes:
        max_lr: The best of the finalists.
        low: Lower end of its interval.
        high: Upper end.
        is_lowest: Whether it is the lowest rate of the ladder.
        is_highest: Whether it is the highest.
    """

    max_lr: float
    low: float
    high: float
    is_lowest: bool
    is_highest: bool


def judge(rates: Sequence[float], scores: Mapping[float, Sequence[float]]) -> Verdict | None:
    """Return the best finalist and its interval.

    The interval covers the finalists that cannot be distinguished from the best, and one ratio of the ladder more on
    either side: a neighbour was dropped after one shorter run, and no rate in between was tried. Two finalists are
    distinguished if the mean difference of their scores, paired by the order of the data, is more than two standard
    errors.

    Args:
        rates: The whole ladder, rising.
        scores: Scores of the finalists, as for ``survivors``, paired by run.

    Returns:
        The result; None if no finalist ended well.
    """
    best = survivors(scores, 1)
    if not best:
        return None
    alike = [rate for rate, values in scores.items() if rate == best[0] or not _is_worse(values, scores[best[0]])]
    ratio = (rates[-1] / rates[0]) ** (1.0 / (len(rates) - 1))
    return Verdict(best[0], min(alike) / ratio, max(alike) * ratio, best[0] == rates[0], best[0] == rates[-1])


def _middle(values: Sequence[float]) -> float:
    return median([value if math.isfinite(value) else math.inf for value in values]) if values else math.inf


def _is_worse(values: Sequence[float], best: Sequence[float]) -> bool:
    if not all(map(math.isfinite, (*values, *best))):
        return not math.isfinite(_middle(values))
    gaps = [value - other for value, other in zip(values, best, strict=True)]
    if len(gaps) == 1:
        return False
    return fmean(gaps) > _STANDARD_ERRORS * stdev(gaps) / math.sqrt(len(gaps))
