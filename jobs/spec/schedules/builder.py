"""Builds a schedule of `clr_core` from the schedule of a spec. No other module maps names to schedules."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from clr_core import schedules
from clr_core.errors import InvalidArgumentError
from clr_core.schedules import Schedule, steps_of_epochs
from jobs.spec.base import refuse
from jobs.spec.schedules.documents import (
    AnySchedule,
    CyclicSchedule,
    ExpRangeSchedule,
    OneCycleSchedule,
    OneCycleTwoPhaseSchedule,
    PiecewiseSchedule,
    RepeatingSchedule,
    SequencePart,
    SequenceSchedule,
    WsdSchedule,
)

DEFAULT_DIV_FACTOR = 10.0

Rates = dict[str, Any]
Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Length:
    """How long a training is: ``total_steps``, and how many steps an epoch has (a fraction, as a rule)."""

    total_steps: int
    steps_per_epoch: float


def build_schedule(spec: AnySchedule, rates: Rates, length: Length, *, cycles_momentum: bool) -> Schedule:
    """The schedule that a training follows.

    Args:
        spec: What was asked.
        rates: The rates that a training uses, from `resolve_rates`.
        length: Length of the training.
        cycles_momentum: Whether the optimizer has a momentum to cycle.

    Raises:
        InvalidArgumentError: Length, rates and options do not go together.
    """
    momenta: Options = {}
    if cycles_momentum and isinstance(spec, CyclicSchedule):
        momenta = {"base_momentum": spec.base_momentum, "max_momentum": spec.max_momentum}
    elif cycles_momentum and isinstance(spec, SequenceSchedule):
        momenta = {"cycle": all(isinstance(part.schedule, CyclicSchedule) for part in spec.parts)}
    schedule = _BUILDERS[spec.name](spec, rates, length, momenta)
    return schedule if spec.warmup is None else schedules.warmup(schedule, spec.warmup.steps, spec.warmup.from_factor)


def resolve_rates(spec: AnySchedule, peak: float, foot: float | None) -> Rates:
    """The rates that a training uses, from a peak and a foot that stand in the spec or come from bounds.

    Without a foot the initial LR of 1cycle is ``max_lr / 10``: any ratio from 3 to 100 does about equally well.

    Returns:
        ``max_lr`` and, by schedule, ``base_lr`` (repeating cycles) or ``div_factor`` (1cycle).
    """
    if isinstance(spec, RepeatingSchedule):
        return {"max_lr": peak, "base_lr": spec.base_lr or foot}
    if isinstance(spec, OneCycleSchedule | OneCycleTwoPhaseSchedule):
        return {"max_lr": peak, "div_factor": spec.div_factor or (peak / foot if foot else DEFAULT_DIV_FACTOR)}
    return {"max_lr": peak}


def steps_up(spec: RepeatingSchedule, length: Length) -> int:
    """Steps in the rising half of a cycle."""
    return spec.step_size or steps_of_epochs(spec.step_size_epochs or 0.0, length.steps_per_epoch)


def check_length(spec: AnySchedule, total_steps: int) -> None:
    """Refuse a schedule that does not fit into ``total_steps``, before its rates are known.

    Raises:
        PydanticCustomError: For a validator to pass on.
    """
    peak = spec.peak if isinstance(spec.peak, float) else 1e6  # above every final rate
    foot = peak / DEFAULT_DIV_FACTOR
    rates = resolve_rates(spec, peak, foot) | ({"base_lr": foot} if isinstance(spec, RepeatingSchedule) else {})
    try:
        build_schedule(spec, rates, Length(total_steps, float(total_steps)), cycles_momentum=False)
    except InvalidArgumentError as error:
        raise refuse("schedule_does_not_fit", f"{spec.name} does not fit into {total_steps} steps: {error}") from error


def catalog() -> list[Options]:
    """Every schedule by name, with a line of help and the JSON Schema of its document."""
    models = [(model, model.model_json_schema()) for model in get_args(AnySchedule)]
    return [
        {"name": schema["properties"]["name"]["const"], "help": model.__doc__.strip().splitlines()[0], "schema": schema}
        for model, schema in models
    ]


def _named(spec: AnySchedule, *names: str) -> Options:
    return {name: getattr(spec, name) for name in names}


def _sequence(spec: SequenceSchedule, _: Rates, length: Length, momenta: Options) -> Schedule:
    return schedules.sequence(
        [(part.steps, _part(part, length, cycles=momenta.get("cycle", False))) for part in spec.parts]
    )


def _part(part: SequencePart, length: Length, *, cycles: bool) -> Schedule:
    assert isinstance(part.schedule.peak, float)  # noqa: S101 - the part's own rule
    rates = resolve_rates(part.schedule, part.schedule.peak, None)
    own_length = Length(part.steps, length.steps_per_epoch)
    return build_schedule(part.schedule, rates, own_length, cycles_momentum=cycles)


def _constant(_: AnySchedule, rates: Rates, __: Length, ___: Options) -> Schedule:
    return schedules.constant(rates["max_lr"])


def _piecewise(spec: PiecewiseSchedule, rates: Rates, length: Length, _: Options) -> Schedule:
    return schedules.piecewise(rates["max_lr"], spec.milestones_of(length.total_steps), spec.factor)


def _decaying(spec: AnySchedule, rates: Rates, length: Length, _: Options) -> Schedule:
    builder = {"linear": schedules.linear, "cosine": schedules.cosine}[spec.name]
    return builder(rates["max_lr"], length.total_steps, **_named(spec, "final_lr"))


def _wsd(spec: WsdSchedule, rates: Rates, length: Length, _: Options) -> Schedule:
    options = _named(spec, "initial_lr", "final_lr", "decay")
    return schedules.wsd(rates["max_lr"], length.total_steps, spec.warmup_steps, spec.decay_steps, **options)


def _repeating(spec: RepeatingSchedule, rates: Rates, length: Length, momenta: Options) -> Schedule:
    between = (rates["base_lr"], rates["max_lr"], steps_up(spec, length))
    options = momenta | _named(spec, "step_size_down")  # type: ignore[arg-type]  # one of the union's members
    if isinstance(spec, ExpRangeSchedule):
        return schedules.exp_range(*between, spec.gamma, **options)
    builder: Callable[..., Schedule] = getattr(schedules, spec.name)  # type: ignore[attr-defined]
    return builder(*between, **options)


def _one_cycle(spec: OneCycleSchedule, rates: Rates, length: Length, momenta: Options) -> Schedule:
    options = _named(spec, "annihilation_fraction", "final_div_factor", "anneal") | momenta
    return schedules.one_cycle(rates["max_lr"], length.total_steps, div_factor=rates["div_factor"], **options)


def _two_phase(spec: OneCycleTwoPhaseSchedule, rates: Rates, length: Length, momenta: Options) -> Schedule:
    options = _named(spec, "pct_start", "final_div_factor", "anneal") | momenta
    return schedules.one_cycle_two_phase(rates["max_lr"], length.total_steps, div_factor=rates["div_factor"], **options)


_BUILDERS: dict[str, Callable[..., Schedule]] = {
    "constant": _constant,
    "piecewise": _piecewise,
    "linear": _decaying,
    "cosine": _decaying,
    "wsd": _wsd,
    "triangular": _repeating,
    "triangular2": _repeating,
    "exp_range": _repeating,
    "one_cycle": _one_cycle,
    "one_cycle_two_phase": _two_phase,
    "sequence": _sequence,
}
