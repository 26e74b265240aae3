"""From the schedule of a spec to a schedule of `clr_core`: the one place where names become schedules."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clr_core.schedules import Schedule, one_cycle, triangular
from jobs.spec import OneCycleSchedule, TriangularSchedule


@dataclass(frozen=True, slots=True)
class Length:
    """How long a training is: ``total_steps``, and how many steps an epoch has (a fraction, as a rule)."""

    total_steps: int
    steps_per_epoch: float


def build_schedule(
    spec: OneCycleSchedule | TriangularSchedule,
    resolved: dict[str, Any],
    length: Length,
    *,
    cycles_momentum: bool,
) -> Schedule:
    """The schedule that a training follows.

    Args:
        spec: What was asked.
        resolved: The rates that a training uses, from `jobs.bounds.resolve`.
        length: Length of the training.
        cycles_momentum: Whether the optimizer has a momentum to cycle.

    Raises:
        InvalidArgumentError: The length is too short for the schedule.
    """
    momenta: dict[str, Any] = {}
    if cycles_momentum:
        momenta = {"base_momentum": spec.base_momentum, "max_momentum": spec.max_momentum}
    return _BUILDERS[spec.name](spec, resolved, length, momenta)


def _one_cycle(spec: OneCycleSchedule, resolved: dict[str, Any], length: Length, momenta: dict[str, Any]) -> Schedule:
    return one_cycle(
        resolved["max_lr"], length.total_steps, div_factor=resolved["div_factor"],
        annihilation_fraction=spec.annihilation_fraction, final_div_factor=spec.final_div_factor, **momenta,
    )  # fmt: skip


def _triangular(
    spec: TriangularSchedule, resolved: dict[str, Any], length: Length, momenta: dict[str, Any]
) -> Schedule:
    step_size = spec.step_size or max(round((spec.step_size_epochs or 0.0) * length.steps_per_epoch), 1)
    return triangular(resolved["base_lr"], resolved["max_lr"], step_size, **momenta)


_BUILDERS: dict[str, Callable[..., Schedule]] = {"one_cycle": _one_cycle, "triangular": _triangular}
