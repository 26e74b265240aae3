"""What can be asked for: the specs of jobs, by ``kind``. Unknown fields, coerced types and NaN are refused."""

from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from jobs.batch_sizes import BatchSizeWarmStart, check_warm_start
from jobs.conditions import Conditions
from jobs.schedule_specs import Epochs, FromJob, ScheduleSpec, SequenceSchedule, Steps
from jobs.schedules import check_length
from jobs.strict import LearningRate, Strict, Text, refuse
from jobs.training_options import EarlyStop, Observe, OnDivergence


class RangeTest(Strict):
    """One sweep of rising LR, repeated ``replicas`` times with other orders of the data."""

    start_lr: LearningRate = 1e-6
    end_lr: LearningRate = 10.0
    steps: Annotated[int, Field(ge=10, le=100_000)] = 100
    spacing: Literal["exponential", "linear"] = "exponential"
    replicas: Annotated[int, Field(ge=1, le=50)] = 3

    @field_validator("end_lr")
    @classmethod
    def _is_above_the_start(cls, end_lr: float, info: ValidationInfo) -> float:
        start_lr = info.data.get("start_lr", 0.0)
        if end_lr <= start_lr:
            raise refuse("not_above_start_lr", f"must be above start_lr = {start_lr}")
        return end_lr


class _JobSpec(Strict):
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0
    name: Annotated[Text, Field(max_length=200)] = ""
    labels: Annotated[
        dict[Annotated[Text, Field(min_length=1, max_length=63)], Annotated[Text, Field(max_length=255)]],
        Field(max_length=32),
    ] = {}  # noqa: RUF012 - pydantic copies defaults


class LrFindSpec(_JobSpec):
    """A job that runs range tests and answers with LR bounds."""

    kind: Literal["lr_find"]
    conditions: Conditions
    range_test: RangeTest = RangeTest()


class TrainSpec(_JobSpec):
    """A training, as long as its ``epochs`` or its ``steps``, one of the two.

    ``conditions`` may be left out where ``max_lr`` comes from a job: they are then the conditions of that job.
    ``range_test`` is the one that ``max_lr: "auto"`` runs first. ``lr_reference_batch`` is the global batch size that
    the schedule's rates were found at: they are multiplied by global_batch_size / lr_reference_batch (the linear
    scaling rule, Goyal et al. 2017, arXiv:1706.02677). ``ema_decay`` asks for a moving average of the weights, which
    is evaluated too.
    """

    kind: Literal["train"]
    conditions: Conditions | None = None
    schedule: ScheduleSpec
    epochs: Epochs | None = None
    steps: Steps | None = None
    range_test: RangeTest | None = None
    allow_different_conditions: bool = False
    observe: Observe = Observe()
    early_stop: EarlyStop | None = None
    on_divergence: OnDivergence | None = None
    batch_size_warm_start: BatchSizeWarmStart | None = None
    lr_reference_batch: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise refuse("length", "exactly one of epochs and steps must be given")
        if self.conditions is None and self.source_job is None:
            raise refuse("missing_conditions", 'conditions are needed unless schedule.max_lr is {"from_job": …}')
        if self.batch_size_warm_start is not None and self.conditions is not None:
            check_warm_start(self.conditions, self.batch_size_warm_start)
        if self.lr_reference_batch is not None:
            self._refuse_scaling_what_was_measured()
        if self.steps is not None:
            check_length(self.schedule, self.steps)
        if self.on_divergence is not None and isinstance(self.schedule, SequenceSchedule):
            raise refuse("rates_not_lowered", "on_divergence goes with schedules that have one peak, not a sequence")
        if self.range_test is not None and self.schedule.peak != "auto":
            raise refuse("range_test_unused", 'range_test goes with a peak of "auto" only')
        return self

    def _refuse_scaling_what_was_measured(self) -> None:
        if not isinstance(self.schedule.peak, float) or isinstance(self.schedule, SequenceSchedule):
            raise refuse(
                "rates_not_scaled",
                "lr_reference_batch goes with a peak that is a number and one schedule: bounds of a range test already "
                "hold for the batch they were found at",
            )

    @property
    def lr_factor(self) -> float:
        """What the linear scaling rule multiplies the schedule's rates by."""
        if self.lr_reference_batch is None or self.conditions is None:
            return 1.0
        return self.conditions.global_batch_size / self.lr_reference_batch

    @property
    def source_job(self) -> str | None:
        """Id of the job whose bounds are asked for, if any."""
        peak = self.schedule.peak
        return peak.from_job if isinstance(peak, FromJob) else None


JobSpec = Annotated[LrFindSpec | TrainSpec, Field(discriminator="kind")]
job_spec: TypeAdapter[LrFindSpec | TrainSpec] = TypeAdapter(JobSpec)
