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
    PiecewiseSchedule,
    RepeatingSchedule,
    SequenceSchedule,
)
from jobs.spec.schedules.rates import DEFAULT_DIV_FACTOR, Rates

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a training: ``total_steps``, and the steps of an epoch (usually not a whole number)."""

    total_steps: int
    steps_per_epoch: float


def build_schedule(schedule: AnySchedule, rates: Rates, length: Length, *, cycles_momentum: bool) -> Schedule:
    """Build the schedule of a training.

    Args:
        schedule: The schedule's document. Its own rates are ignored, except those of the parts of a sequence.
        rates: The rates to use.
        length: Length of the training.
        cycles_momentum: Whether the optimizer has a momentum to cycle.

    Raises:
        InvalidArgumentError: Length, rates and options contradict each other.
    """
    if isinstance(schedule, SequenceSchedule):
        built = _sequence(schedule, length, cycles_momentum=cycles_momentum)
    else:
        builder: Callable[..., Schedule] = getattr(schedules, schedule.name)
        options = _OPTIONS[schedule.name](schedule, length)
        if isinstance(schedule, CyclicSchedule):
            options |= rates.numbers
            if cycles_momentum:
                options |= _named(schedule, "base_momentum", "max_momentum")
        else:
            options["lr"] = rates.max_lr
        built = builder(**options)
    warmup = schedule.warmup
    return built if warmup is None else schedules.warmup(built, warmup.steps, warmup.from_factor)


def _sequence(schedule: SequenceSchedule, length: Length, *, cycles_momentum: bool) -> Schedule:
    cycles_momentum = cycles_momentum and all(isinstance(part.schedule, CyclicSchedule) for part in schedule.parts)
    parts = []
    for part in schedule.parts:
        own = Length(part.steps, length.steps_per_epoch)
        built = build_schedule(part.schedule, Rates.asked(part.schedule), own, cycles_momentum=cycles_momentum)
        parts.append((part.steps, built))
    return schedules.sequence(parts)


def steps_up(spec: RepeatingSchedule, length: Length) -> int:
    """Return the steps in the rising half of a cycle."""
    return spec.step_size or steps_of_epochs(spec.step_size_epochs or 0.0, length.steps_per_epoch)


def check_length(spec: AnySchedule, total_steps: int) -> None:
    """Refuse a schedule that does not fit into ``total_steps``. Its rates need not be known.

    Raises:
        PydanticCustomError: For a validator to pass on.
    """
    peak = 1e6  # above every final rate
    rates = Rates.asked(spec) if isinstance(spec.peak, float) else Rates.of(spec, peak, peak / DEFAULT_DIV_FACTOR)
    try:
        build_schedule(spec, rates, Length(total_steps, float(total_steps)), cycles_momentum=False)
    except InvalidArgumentError as error:
        raise refuse("schedule_does_not_fit", f"{spec.name} does not fit into {total_steps} steps: {error}") from error


def catalog() -> list[Options]:
    """Return every schedule by name, with a line of help and the JSON Schema of its document."""
    models = [(model, model.model_json_schema()) for model in get_args(AnySchedule)]
    return [
        {"name": schema["properties"]["name"]["const"], "help": model.__doc__.strip().splitlines()[0], "schema": schema}
        for model, schema in models
    ]


def _named(schedule: object, *names: str) -> Options:
    return {name: getattr(schedule, name) for name in names}


def _piecewise(schedule: PiecewiseSchedule, length: Length) -> Options:
    return {"milestones": schedule.milestones_of(length.total_steps), "factor": schedule.factor}


def _with_length(*names: str) -> Callable[[AnySchedule, Length], Options]:
    return lambda schedule, length: {"total_steps": length.total_steps, **_named(schedule, *names)}


def _repeating(*names: str) -> Callable[[RepeatingSchedule, Length], Options]:
    names = ("step_size_down", *names)
    return lambda schedule, length: {"step_size": steps_up(schedule, length), **_named(schedule, *names)}


# The arguments of each builder of `clr_core.schedules`, beside rate and momentum.
_OPTIONS: dict[str, Callable[..., Options]] = {
    "constant": lambda _schedule, _length: {},
    "piecewise": _piecewise,
    "linear": _with_length("final_lr"),
    "cosine": _with_length("final_lr"),
    "wsd": _with_length("warmup_steps", "decay_steps", "initial_lr", "final_lr", "decay"),
    "triangular": _repeating(),
    "triangular2": _repeating(),
    "exp_range": _repeating("gamma"),
    "one_cycle": _with_length("annihilation_fraction", "final_div_factor", "anneal"),
    "one_cycle_two_phase": _with_length("pct_start", "final_div_factor", "anneal"),
}
