"""Typed reasons for caution, and the confidence grade that they lead to."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from clr_core.bounds.curve_features import MIN_POINTS, START_SHARE, Reading
from clr_core.bounds.midpoint_rule import DECADE, FALL
from clr_core.bounds.replicas import Replica
from clr_core.bounds.result import BoundsWarning, Grade, WarningCode
from clr_core.bounds.smoothing import half_window

AGREEMENT: Final = 0.5  # decades: replicas whose interval is wider than a factor 3 disagree
NARROW: Final = 1.0  # decades: intervals up to here are worth the grade "medium"
CLEAR_FALL: Final = 4.0  # noise levels
REPLICAS_FOR_HIGH: Final = 3
QUARTER: Final = 0.25
_LOWERING: Final[frozenset[WarningCode]] = frozenset(
    {"edge_not_seen", "range_too_narrow", "plateau", "range_too_high", "replicas_disagree", "unsteady"}
)


LAGGING: Final = (
    BoundsWarning(
        "lagging_statistics",
        "Held-back loss under batch norm explodes about a decade before training does, because running "
        "statistics lag; the bounds allow for that. The training loss is the better measure here.",
    ),
)


def _codes(replica: Replica) -> Iterator[WarningCode]:
    """Reasons for caution that one curve gives."""
    reading = replica.reading
    if reading is None:
        yield "all_nonfinite" if replica.finite is None else "too_few_points"
        return
    if replica.below_range:
        yield "edge_at_once"
    if replica.found is not None and replica.found.branch == "plateau":
        yield "plateau"
    if replica.found is not None and replica.found.branch == "floor":
        yield "range_too_narrow" if _falls_late(reading) else "edge_not_seen"
    if reading.has_fall:
        yield from _codes_of_fall(reading)
    elif reading.edge is None:
        yield "no_fall"


def _codes_of_fall(reading: Reading) -> Iterator[WarningCode]:
    begun = reading.fallen_at(QUARTER)
    if begun < START_SHARE * len(reading.x) and reading.x[begun] < reading.x[0] + DECADE:
        yield "range_too_high"
    if reading.drop < CLEAR_FALL * reading.noise:
        yield "noisy"


def _falls_late(reading: Reading) -> bool:
    """Whether the loss fell to the end, or less than a decade was tried beyond the middle of its fall."""
    last = len(reading.x) - 1
    falls_to_the_end = reading.minimum >= last - half_window(last + 1)
    return falls_to_the_end or float(reading.x[last] - reading.x[reading.fallen_at(FALL)]) < DECADE


def cautions(replicas: Sequence[Replica], width: float | None) -> tuple[BoundsWarning, ...]:
    """Reasons for caution that hold for half of the replicas, and how replicas differ.

    Without bounds, a reason that holds for any replica is worth naming.

    Args:
        replicas: One for each curve, at least one.
        width: Width of the interval of max_lr in decades; None without bounds.

    Returns:
        Warnings, those that forbid bounds first.
    """
    messages = _messages(min(r.curve.lrs[0] for r in replicas), max(r.curve.lrs[-1] for r in replicas))
    needed = 1 if width is None else (len(replicas) + 1) // 2
    counts = Counter(code for replica in replicas for code in _codes(replica))
    found = [BoundsWarning(code, text) for code, text in messages.items() if counts[code] >= needed]
    without = sum(r.found is None for r in replicas)
    if 0 < without < len(replicas):
        text = f"{without} of {len(replicas)} sweeps defend no bound; look at them, or run more replicas."
        found.append(BoundsWarning("replicas_without_bounds", text))
    if width is not None and width > AGREEMENT:
        text = f"The rate is known to a factor {10 ** (width / 2):.1f} only: run more replicas or more steps."
        found.append(BoundsWarning("replicas_disagree" if len(replicas) > 1 else "unsteady", text))
    return tuple(found)


def grade(warnings: Sequence[BoundsWarning], width: float, replicas: int) -> Grade:
    """How far to trust bounds that exist.

    ``high``: at least three replicas, fall and edge seen, interval at most half a decade, no lowering
    warning; ``medium``: no lowering warning, or only one of disagreement up to a decade; ``low``: anything
    else.

    Args:
        warnings: From ``cautions``.
        width: Width of the interval of max_lr in decades.
        replicas: Number of curves.

    Returns:
        The grade.
    """
    lowering = {warning.code for warning in warnings} & _LOWERING
    if not lowering:
        return "high" if replicas >= REPLICAS_FOR_HIGH and not warnings else "medium"
    return "medium" if lowering <= {"replicas_disagree", "unsteady"} and width <= NARROW else "low"


def _messages(first: float, last: float) -> dict[WarningCode, str]:
    wider = f"repeat with end_lr = {10 * last:.3g}"
    lower = f"repeat with start_lr = {first / 100:.3g}"
    return {
        "all_nonfinite": f"No finite loss at all: check data and model, or {lower}.",
        "too_few_points": f"Fewer than {MIN_POINTS} finite losses: use more steps, or {lower}.",
        "edge_at_once": f"The loss rises near the first rate; the bounds lie below the range: {lower}.",
        "no_fall": f"The loss neither falls nor explodes: {wider}, or use more steps.",
        "plateau": "The loss explodes without having fallen; max_lr keeps a margin to the explosion only.",
        "edge_not_seen": f"The loss never rose above its start, so max_lr is a guess: {wider}.",
        "range_too_narrow": f"The sweep ended while the loss was falling: {wider}.",
        "range_too_high": f"The loss was falling at the first rate already: {lower}.",
        "noisy": "The fall is hardly larger than the noise: use larger batches, more steps or more replicas.",
    }
