"""Options of a training: its extra measurements, its early stop, its restart after divergence, its batch warm start."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_core.core_schema import ValidationInfo

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import constant_batch_size, warm_start_batch_size
from clr_core.schedules.batch_size import BatchSizeSchedule
from jobs.spec.base import Strict, field_rule, refuse
from jobs.spec.conditions import Conditions
from jobs.spec.schedules.documents import Steps


class BatchSizeWarmStart(Strict):
    """Small batches first (Keskar et al. 2017)."""

    small_batch_size: Annotated[int, Field(ge=1)]
    small_steps: Steps


def batch_sizes(conditions: Conditions, warm: BatchSizeWarmStart | None) -> BatchSizeSchedule:
    """Return the global batch size of every step: the conditions', after smaller ones if there is a warm start.

    Raises:
        InvalidArgumentError: The small batch is not smaller, or the ranks cannot share it evenly.
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


class NoiseScale(Strict):
    """The gradient noise scale, measured at every ``every``-th step and smoothed with ``decay`` a measurement."""

    every: Annotated[int, Field(ge=1, le=100_000)] = 10
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.95


class Observe(Strict):
    """What is measured, where it costs something: ``gradient_norm`` at every step, others every so many steps.

    Without ``evaluate_every`` held-back data is evaluated at the end of each epoch, and at the end in either case.
    """

    gradient_norm: bool = False
    noise_scale: NoiseScale | None = None
    evaluate_every: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


def check_noise_scale(conditions: Conditions) -> None:
    """Refuse to measure the noise scale if a step has only one gradient.

    Raises:
        PydanticCustomError: For a validator to pass on.
    """
    if conditions.world_size == 1 and conditions.accumulation_steps == 1:
        raise refuse(
            "one_gradient",
            "observe.noise_scale compares gradients of two batch sizes: it needs conditions.world_size or "
            "conditions.accumulation_steps of 2 or more",
        )


def assert_reachable(metric: str | None, target: float) -> None:
    """Refuse a target that no evaluation, or every evaluation, reaches.

    Raises:
        PydanticCustomError: For a validator to pass on.
    """
    if metric == "val_accuracy" and not 0 < target <= 1:
        raise refuse("target_out_of_range", "must be above 0 and at most 1 for val_accuracy")


class EarlyStop(Strict):
    """Stop at the first evaluation that reaches the target: at least it for accuracy, at most it for loss.

    The steps it took are recorded as ``steps_to_target``, also where ``stop`` is false and the training goes on.
    """

    metric: Literal["val_accuracy", "val_loss"]
    target: Annotated[float, Field(ge=-1e9, le=1e9)]
    stop: bool = True

    @field_rule("target")
    @classmethod
    def _can_be_reached(cls, target: float, info: ValidationInfo) -> float:
        assert_reachable(info.data.get("metric"), target)
        return target

    def is_reached(self, value: float) -> bool:
        """Return whether an evaluation with this value reaches the target; NaN never does."""
        return value >= self.target if self.metric == "val_accuracy" else value <= self.target


class OnDivergence(Strict):
    """Start again from the beginning, up to ``tries`` times, each time with rates divided by ``lower_max_lr_by``."""

    lower_max_lr_by: Annotated[float, Field(gt=1, le=1000)] = 2.0
    tries: Annotated[int, Field(ge=1, le=10)] = 2
