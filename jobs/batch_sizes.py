"""The batch size of every step of a training, from its spec."""

from typing import Annotated

from pydantic import Field

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import constant_batch_size, warm_start_batch_size
from clr_core.schedules.batch_size import BatchSizeSchedule
from jobs.conditions import Conditions
from jobs.schedule_specs import Steps
from jobs.strict import Strict, refuse


class BatchSizeWarmStart(Strict):
    """Small batches first (Keskar et al. 2017)."""

    small_batch_size: Annotated[int, Field(ge=1)]
    small_steps: Steps


def batch_sizes(conditions: Conditions, warm: BatchSizeWarmStart | None) -> BatchSizeSchedule:
    """Global batch size of every step: that of the conditions, after smaller ones where asked.

    Raises:
        InvalidArgumentError: The small batch is not below the other, or the ranks cannot share it evenly.
    """
    if warm is None:
        return constant_batch_size(conditions.global_batch_size)
    unit = conditions.world_size * (conditions.batch_norm_group_size or 1)
    if warm.small_batch_size % unit:
        legal = f"a multiple of {unit}, world_size times batch_norm_group_size"
        raise InvalidArgumentError("small_batch_size", warm.small_batch_size, legal)
    return warm_start_batch_size(conditions.global_batch_size, warm.small_batch_size, warm.small_steps)


def check_warm_start(conditions: Conditions, warm: BatchSizeWarmStart) -> None:
    """Refuse a warm start that the conditions do not allow.

    Raises:
        PydanticCustomError: For a validator to pass on.
    """
    try:
        batch_sizes(conditions, warm)
    except InvalidArgumentError as error:
        raise refuse("warm_start_does_not_fit", str(error)) from error
