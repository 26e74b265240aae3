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
    CosineSchedule,
    CyclicSchedule,
    ExpRangeSchedule,
    LinearSchedule,
    OneCycleSchedule,
    OneCycleTwoPhaseSchedule,
    PiecewiseSchedule,
    RepeatingSchedule,
    SequenceSchedule,
    WsdSchedule,
)
from jobs.spec.schedules.rates import DEFAULT_DIV_FACTOR, Rates

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a training: ``total_steps``, and the steps of an epoch (usually not a whole number)."""

    total_steps: int
    steps_per_epoch: float


def build_schedule(schedule: AnySchedule, length: Length, *, cycles_momentum: bool) -> Schedule:
    """Build the schedule of a training.

    Args:
        schedule: The schedule's document; all rates are numbers.
        length: Length of the training.
        cycles_momentum: Whether the optimizer has a momentum to cycle.

    Raises:
        InvalidArgumentError: Length, rates and options contradict each other.
    """
    assert isinstance(schedule.peak, float)  # noqa: S101 - see `Rates.put_into`
    momenta: Options = {}
    if cycles_momentum and isinstance(schedule, CyclicSchedule):
        momenta = {"base_momentum": schedule.base_momentum, "max_momentum": schedule.max_momentum}
    elif cycles_momentum and isinstance(schedule, SequenceSchedule):
        momenta = {"cycle": all(isinstance(part.schedule, CyclicSchedule) for part in schedule.parts)}
    built = _BUILDERS[schedule.name](schedule, schedule.peak, length, momenta)
    warmup = schedule.warmup
    return built if warmup is None else schedules.warmup(built, warmup.steps, warmup.from_factor)


def steps_up(spec: RepeatingSchedule, length: Length) -> int:
    """Return the steps in the rising half of a cycle."""
    return spec.step_size or steps_of_epochs(spec.step_size_epochs or 0.0, length.steps_per_epoch)


def check_length(spec: AnySchedule, total_steps: int) -> None:
    """Refuse a schedule that does not fit into ``total_steps``. Its rates need not be known.

    Raises:
        PydanticCustomError: For a validator to pass on.
    """
    numbers = spec
    if not isinstance(spec.peak, float):
        peak = 1e6  # above every final rate
        numbers = Rates.of(spec, peak, peak / DEFAULT_DIV_FACTOR).put_into(spec)
    try:
        build_schedule(numbers, Length(total_steps, float(total_steps)), cycles_momentum=False)
    except InvalidArgumentError as error:
        raise refuse("schedule_does_not_fit", f"{spec.name} does not fit into {total_steps} steps: {error}") from error


def catalog() -> list[Options]:
    """Return every schedule by name, with a line of help and the JSON Schema of its document."""
    models = [(model, model.model_json_schema()) for model in get_args(AnySchedule)]
    return [
        {"name": schema["properties"]["name"]["const"], "help": model.__doc__.strip().splitlines()[0], "schema": schema}
        for model, schema in models
    ]


def _named(spec: AnySchedule, *names: str) -> Options:
    return {name: getattr(spec, name) for name in names}


def _sequence(spec: SequenceSchedule, _: float, length: Length, momenta: Options) -> Schedule:
    cycles = momenta.get("cycle", False)
    return schedules.sequence([
        (part.steps, build_schedule(part.schedule, Length(part.steps, length.steps_per_epoch), cycles_momentum=cycles))
        for part in spec.parts
    ])  # fmt: skip


def _constant(_: AnySchedule, max_lr: float, __: Length, ___: Options) -> Schedule:
    return schedules.constant(max_lr)


def _piecewise(spec: PiecewiseSchedule, max_lr: float, length: Length, _: Options) -> Schedule:
    return schedules.piecewise(max_lr, spec.milestones_of(length.total_steps), spec.factor)


def _decaying(spec: LinearSchedule | CosineSchedule, max_lr: float, length: Length, _: Options) -> Schedule:
    builder = {"linear": schedules.linear, "cosine": schedules.cosine}[spec.name]
    return builder(max_lr, length.total_steps, final_lr=spec.final_lr)


def _wsd(spec: WsdSchedule, max_lr: float, length: Length, _: Options) -> Schedule:
    options = _named(spec, "initial_lr", "final_lr", "decay")
    return schedules.wsd(max_lr, length.total_steps, spec.warmup_steps, spec.decay_steps, **options)


def _repeating(spec: RepeatingSchedule, max_lr: float, length: Length, momenta: Options) -> Schedule:
    assert spec.base_lr is not None  # noqa: S101 - see `Rates.put_into`
    between = (spec.base_lr, max_lr, steps_up(spec, length))
    options = momenta | _named(spec, "step_size_down")  # type: ignore[arg-type]  # one of the union's members
    if isinstance(spec, ExpRangeSchedule):
        return schedules.exp_range(*between, spec.gamma, **options)
    builder: Callable[..., Schedule] = getattr(schedules, spec.name)  # type: ignore[attr-defined]
    return builder(*between, **options)


def _one_cycle(spec: OneCycleSchedule, max_lr: float, length: Length, momenta: Options) -> Schedule:
    options = _named(spec, "annihilation_fraction", "final_div_factor", "anneal") | momenta
    return schedules.one_cycle(max_lr, length.total_steps, div_factor=spec.div_factor or DEFAULT_DIV_FACTOR, **options)


def _two_phase(spec: OneCycleTwoPhaseSchedule, max_lr: float, length: Length, momenta: Options) -> Schedule:
    options = _named(spec, "pct_start", "final_div_factor", "anneal") | momenta
    div_factor = spec.div_factor or DEFAULT_DIV_FACTOR
    return schedules.one_cycle_two_phase(max_lr, length.total_steps, div_factor=div_factor, **options)


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
