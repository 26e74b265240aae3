"""Specs of weight averaging at the end of a training: over ranks that trained alone (SWAP), or over cycles (SWA)."""

from typing import Annotated, Final, Self

from pydantic import Field, ValidationError, field_validator

from clr_core.errors import InvalidArgumentError
from jobs.spec.base import Strict, model_rule, refuse
from jobs.spec.conditions import Conditions
from jobs.spec.schedules.builder import Length, check_length, steps_up
from jobs.spec.schedules.documents import AnySchedule, Epochs, RepeatingSchedule, SimpleSchedule, Steps

FEWEST_CYCLES: Final = 2  # cycles that an average needs


class Swap(Strict):
    """A second phase: each rank goes on alone with small batches, then their weights are averaged.

    Stochastic Weight Averaging in Parallel (Gupta, Serrano & DeCoste 2020, arXiv:2001.02312). ``epochs`` or ``steps``,
    one of the two, are those of each rank, which goes through all of the data in an order of its own. ``batch_size`` is
    that of each rank; left out, its part of the global batch. The schedule's rates are numbers, for that batch.
    """

    schedule: Annotated[SimpleSchedule, Field(discriminator="name")]
    epochs: Epochs | None = None
    steps: Steps | None = None
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    @field_validator("schedule")
    @classmethod
    def _has_numbers(cls, schedule: SimpleSchedule) -> SimpleSchedule:
        if not isinstance(schedule.peak, float):
            raise refuse("peak_not_a_number", "must have rates that are numbers: bounds hold for the whole batch")
        return schedule

    @model_rule
    def _is_complete(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise refuse("length", "exactly one of epochs and steps must be given")
        if self.steps is not None:
            check_length(self.schedule, self.steps)
        return self

    def conditions_of_a_rank(self, conditions: Conditions) -> Conditions:
        """Return the conditions of a single rank: pieces are no larger than before, and batch norm is not synchronised.

        Raises:
            ValidationError: The batch does not go with pieces or batch norm groups.
        """
        size = self.batch_size or conditions.rank_batch_size
        piece = conditions.rank_batch_size // conditions.accumulation_steps
        pieces = 1 if conditions.accumulation_steps == 1 else -(-size // piece)
        own = {"world_size": 1, "global_batch_size": size, "accumulation_steps": pieces}
        return Conditions.model_validate(conditions.model_dump() | own | {"sync_batch_norm": False})


def check_swap(conditions: Conditions, swap: Swap) -> None:
    """Refuse a second phase that the conditions do not allow.

    Raises:
        PydanticCustomError: For a validator to pass on.
    """
    if conditions.world_size == 1:
        raise refuse("one_rank", "swap averages over ranks: it needs conditions.world_size of 2 or more, got 1")
    if conditions.optimizer.name.startswith("schedulefree"):
        raise refuse("averaged_twice", f"swap does not go with {conditions.optimizer.name}, which averages by itself")
    try:
        swap.conditions_of_a_rank(conditions)
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise refuse("batch_does_not_fit", f"swap.batch_size does not go with the conditions: {message}") from error


class Swa(Strict):
    """The model is the plain mean of the weights at the ends of cycles, from ``from_cycle`` (zero-based) on.

    Stochastic Weight Averaging (Izmailov et al. 2018, arXiv:1803.05407), for schedules that repeat a cycle.
    """

    from_cycle: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def cycle_ends(schedule: AnySchedule, swa: Swa, length: Length) -> range:
    """Return the zero-based last steps of the averaged cycles that end within a training.

    Raises:
        InvalidArgumentError: Fewer than two do.
    """
    assert isinstance(schedule, RepeatingSchedule)  # noqa: S101 - refused by `check_swa`
    up = steps_up(schedule, length)
    cycle = up + (schedule.step_size_down or up)
    ends = range((swa.from_cycle + 1) * cycle - 1, length.total_steps, cycle)
    if len(ends) < FEWEST_CYCLES:
        legal = (
            f"at least {(swa.from_cycle + FEWEST_CYCLES) * cycle}, two cycles from swa.from_cycle = {swa.from_cycle} on"
        )
        raise InvalidArgumentError("total_steps", length.total_steps, legal)
    return ends


def check_swa(schedule: AnySchedule, swa: Swa, steps: int | None) -> None:
    """Refuse to average over cycles if there are fewer than two.

    Raises:
        PydanticCustomError: For a validator to pass on.
    """
    if not isinstance(schedule, RepeatingSchedule):
        raise refuse(
            "no_cycles", f"swa averages over cycles: it needs a schedule that repeats one, not {schedule.name}"
        )
    if steps is None or schedule.step_size is None:
        return  # known when the data is known
    try:
        cycle_ends(schedule, swa, Length(steps, float(steps)))
    except InvalidArgumentError as error:
        raise refuse("too_few_cycles", str(error)) from error
