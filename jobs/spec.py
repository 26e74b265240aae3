"""What can be asked for: the specs of jobs, by ``kind``. Unknown fields, coerced types and NaN are refused."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, TypeAdapter, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import one_cycle
from jobs.conditions import Conditions
from jobs.strict import LearningRate, Strict, Text, refuse

MAX_STEPS = 100_000_000


class FromJob(Strict):
    """The bounds of an ``lr_find`` job of this server."""

    from_job: Annotated[Text, Field(pattern=r"^job_[0-9a-f]{32}$")]


def _max_lr_form(value: Any) -> str:
    if isinstance(value, str):
        return "auto"
    return "from_job" if isinstance(value, dict | FromJob) else "number"


MaxLr = Annotated[
    Annotated[LearningRate, Tag("number")]
    | Annotated[Literal["auto"], Tag("auto")]
    | Annotated[FromJob, Tag("from_job")],
    Discriminator(_max_lr_form),
]
Momentum = Annotated[float, Field(ge=0, lt=1)]


class CyclicSchedule(Strict):
    """What cyclical policies share: the peak, and the range in which momentum mirrors the LR.

    Momentum cycles only where the conditions' optimizer has one.
    """

    max_lr: MaxLr
    max_momentum: Momentum = 0.95
    base_momentum: Momentum = 0.85

    @field_validator("base_momentum")
    @classmethod
    def _is_lower(cls, base_momentum: float, info: ValidationInfo) -> float:
        highest = info.data.get("max_momentum", 1.0)
        if base_momentum > highest:
            raise refuse("above_max_momentum", f"must be at most max_momentum = {highest}")
        return base_momentum


class OneCycleSchedule(CyclicSchedule):
    """1cycle (Smith 2018): up, down, then the annihilation far below the initial LR.

    ``div_factor`` is ``max_lr / initial_lr``; left out, it follows from the bounds, or is 10.
    ``final_div_factor`` is ``initial_lr / final_lr``; ``annihilation_fraction`` the share of all steps spent there.
    """

    name: Literal["one_cycle"]
    div_factor: Annotated[float, Field(gt=1, le=1e6)] | None = None
    annihilation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    final_div_factor: Annotated[float, Field(ge=1, le=1e9)] = 100.0

    def check_length(self, total_steps: int) -> None:
        """Refuse a training that is too short for the three phases."""
        try:
            one_cycle(1.0, total_steps, annihilation_fraction=self.annihilation_fraction)
        except InvalidArgumentError as error:
            raise refuse("too_short", f"steps and annihilation_fraction do not go together: {error}") from error


class TriangularSchedule(CyclicSchedule):
    """Linear cycles between ``base_lr`` and ``max_lr`` (Smith 2017); ``step_size`` is half a cycle.

    ``base_lr`` left out is the lower bound of the range test that ``max_lr`` comes from.
    """

    name: Literal["triangular"]
    base_lr: LearningRate | None = None
    step_size: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    step_size_epochs: Annotated[float, Field(gt=0, le=1e6)] | None = None

    def check_length(self, total_steps: int) -> None:
        """Cycles may be of any number: no length is too short."""

    @field_validator("base_lr")
    @classmethod
    def _is_below_the_peak(cls, base_lr: float | None, info: ValidationInfo) -> float | None:
        max_lr = info.data.get("max_lr")
        if isinstance(max_lr, float) and base_lr is not None and max_lr <= base_lr:
            raise refuse("not_below_max_lr", f"must be below max_lr = {max_lr}")
        return base_lr

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if isinstance(self.max_lr, float) and self.base_lr is None:
            raise refuse("missing_base_lr", "base_lr is needed beside a max_lr that is a number")
        if (self.step_size is None) == (self.step_size_epochs is None):
            raise refuse("step_size", "exactly one of step_size and step_size_epochs must be given")
        return self


Schedule = Annotated[OneCycleSchedule | TriangularSchedule, Field(discriminator="name")]


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
    ``range_test`` is the one that ``max_lr: "auto"`` runs first.
    """

    kind: Literal["train"]
    conditions: Conditions | None = None
    schedule: Schedule
    epochs: Annotated[float, Field(gt=0, le=1e6)] | None = None
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    range_test: RangeTest | None = None
    allow_different_conditions: bool = False

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise refuse("length", "exactly one of epochs and steps must be given")
        if self.conditions is None and self.source_job is None:
            raise refuse("missing_conditions", 'conditions are needed unless schedule.max_lr is {"from_job": …}')
        if self.steps is not None:
            self.schedule.check_length(self.steps)
        if self.range_test is not None and self.schedule.max_lr != "auto":
            raise refuse("range_test_unused", 'range_test goes with schedule.max_lr = "auto" only')
        return self

    @property
    def source_job(self) -> str | None:
        """Id of the job whose bounds are asked for, if any."""
        max_lr = self.schedule.max_lr
        return max_lr.from_job if isinstance(max_lr, FromJob) else None


JobSpec = Annotated[LrFindSpec | TrainSpec, Field(discriminator="kind")]
job_spec: TypeAdapter[LrFindSpec | TrainSpec] = TypeAdapter(JobSpec)
