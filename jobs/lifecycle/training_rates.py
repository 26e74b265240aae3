"""Resolves the learning rates of a training from the bounds of a range test."""

from typing import Any

from jobs.errors import UnusableBoundsError
from jobs.spec.job import TrainSpec
from jobs.spec.schedules.builder import resolve_rates


def resolve(spec: TrainSpec, *, bounds: dict[str, float] | None) -> dict[str, Any]:
    """The rates that a training uses: numbers as asked for, or those of the bounds.

    `jobs.spec.schedules.builder.resolve_rates` says how they follow from the peak.

    Raises:
        UnusableBoundsError: ``base_lr`` is not below the peak of the bounds.
    """
    schedule, found = spec.schedule, bounds or {}
    peak = schedule.peak if isinstance(schedule.peak, float) else found["max_lr"]
    rates = resolve_rates(schedule, peak, found.get("base_lr"))
    rates |= {name: rates[name] * spec.lr_factor for name in ("max_lr", "base_lr") if name in rates}
    if rates.get("base_lr", 0.0) >= rates["max_lr"]:
        raise UnusableBoundsError(rates["base_lr"], rates["max_lr"])
    return rates
