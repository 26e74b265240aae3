"""The specs of jobs, by ``kind``. Unknown fields, coerced types and NaN are refused."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, field_validator
from pydantic_core.core_schema import ValidationInfo

from jobs.spec import sweep
from jobs.spec.base import Seconds, Strict, Text, model_rule, refuse
from jobs.spec.comparison import (
    EVALUATIONS,
    Arm,
    ArmName,
    SuperConvergence,
    Target,
    check_arms,
    equal_budget_arms,
    illegal_arm,
    reference_of,
    shortest,
)
from jobs.spec.conditions import Conditions
from jobs.spec.range_test import Probe, RangeTest
from jobs.spec.schedules.builder import check_length
from jobs.spec.schedules.documents import Epochs, FromJob, ScheduleSpec, SequenceSchedule, Steps
from jobs.spec.training import BatchSizeWarmStart, EarlyStop, Observe, OnDivergence, check_noise_scale, check_warm_start
from jobs.spec.weight_averaging import Swa, Swap, check_swa, check_swap


class _JobSpec(Strict):
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0
    """Of everything random."""
    name: Annotated[Text, Field(max_length=200)] = ""
    """For people; need not be unique."""
    labels: Annotated[
        dict[Annotated[Text, Field(min_length=1, max_length=63)], Annotated[Text, Field(max_length=255)]],
        Field(max_length=32),
    ] = {}  # noqa: RUF012 - pydantic copies defaults
    # If a job starts others (its range test, the cells of a sweep), these hold for each of them.
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Jobs with a higher one go first."""
    max_runtime_s: Seconds | None = None
    """Longer than this over all attempts, and the job fails; curve and checkpoint are kept."""
    max_queue_s: Seconds | None = None
    """Longer than this in the queue, and the job fails."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    """How often it may be lost with its worker."""

    @property
    def limits(self) -> dict[str, Any]:
        """Priority, deadlines and attempts, which this job passes to the jobs that it starts."""
        return self.model_dump(include={"priority", "max_runtime_s", "max_queue_s", "max_attempts"})


class LrFindSpec(_JobSpec):
    """A job that runs range tests and answers with LR bounds; ``refine`` says how the answer is made better."""

    kind: Literal["lr_find"]
    conditions: Conditions
    range_test: RangeTest = RangeTest()
    refine: Literal["probe"] | None = None
    probe: Annotated[Probe | None, Field(validate_default=True)] = None

    @field_validator("probe")
    @classmethod
    def _goes_with_refine(cls, probe: Probe | None, info: ValidationInfo) -> Probe | None:
        if probe is not None and info.data.get("refine") is None:
            raise refuse("probe_unused", 'goes with refine = "probe" only')
        conditions = info.data.get("conditions")
        if info.data.get("refine") == "probe" and conditions is not None and conditions.nodes > 1:
            raise refuse("probes_on_one_node", f"goes with conditions.nodes = 1, got {conditions.nodes}")
        return probe or (Probe() if info.data.get("refine") == "probe" else None)

    @property
    def total_steps(self) -> int:
        """Steps of all sweeps and probes, if none stops early."""
        return self.range_test.total_steps + (0 if self.probe is None else self.probe.steps)


class TrainSpec(_JobSpec):
    """A training, as long as its ``epochs`` or its ``steps``, one of the two.

    ``conditions`` may be left out where ``max_lr`` comes from a job: they are then the conditions of that job.
    ``range_test`` is the one that ``max_lr: "auto"`` runs first. ``lr_reference_batch`` is the global batch size that
    the schedule's rates were found at: they are multiplied by global_batch_size / lr_reference_batch (the linear
    scaling rule, Goyal et al. 2017, arXiv:1706.02677). ``ema_decay`` asks for a moving average of the weights, which
    is evaluated too. ``swap`` asks for a second phase, in which every rank goes on alone before weights are averaged;
    ``swa`` for the average of the weights at the ends of cycles. The model is then that average.
    """

    kind: Literal["train"]
    conditions: Conditions | None = None
    schedule: ScheduleSpec
    """Schedule of the LR, such as one_cycle, triangular or cosine."""
    epochs: Epochs | None = None
    """Passes over the data; this or steps."""
    steps: Steps | None = None
    """Optimizer updates; this or epochs."""
    range_test: RangeTest | None = None
    """The one that a peak of auto runs first."""
    allow_different_conditions: bool = False
    """Take bounds that were found under other conditions."""
    observe: Observe = Observe()
    early_stop: EarlyStop | None = None
    on_divergence: OnDivergence | None = None
    batch_size_warm_start: BatchSizeWarmStart | None = None
    lr_reference_batch: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Global batch size that the rates were found at: they are scaled from it to that of the conditions."""
    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Keep a moving average of the weights with this decay, and evaluate it too."""
    swap: Swap | None = None
    """A second phase: each rank refines the weights by itself, and they are averaged."""
    swa: Swa | None = None
    """Average the weights at the ends of cycles."""

    @model_rule
    def _is_complete(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise refuse("length", "exactly one of epochs and steps must be given")
        if self.conditions is None and self.source_job is None:
            raise refuse("missing_conditions", 'conditions are needed unless schedule.max_lr is {"from_job": …}')
        if self.lr_reference_batch is not None:
            self._refuse_scaling_what_was_measured()
        if self.steps is not None:
            check_length(self.schedule, self.steps)
        if self.on_divergence is not None and isinstance(self.schedule, SequenceSchedule):
            raise refuse("rates_not_lowered", "on_divergence goes with schedules that have one peak, not a sequence")
        if self.range_test is not None and self.schedule.peak != "auto":
            raise refuse("range_test_unused", 'range_test goes with a peak of "auto" only')
        return self

    @model_rule
    def _suits_its_conditions(self) -> Self:
        if self.conditions is None:
            return self
        if self.batch_size_warm_start is not None:
            check_warm_start(self.conditions, self.batch_size_warm_start)
        if self.observe.noise_scale is not None:
            check_noise_scale(self.conditions)
        if self.swap is not None:
            check_swap(self.conditions, self.swap)
        return self

    @model_rule
    def _ends_in_one_way(self) -> Self:
        if self.swa is not None:
            check_swa(self.schedule, self.swa, self.steps)
        if sum(option is not None for option in (self.swap, self.swa, self.ema_decay)) > 1:
            raise refuse("two_averages", "swap, swa and ema_decay exclude each other: each is an average of weights")
        if self.swap is not None and self.on_divergence is not None:
            raise refuse(
                "rates_not_lowered", "on_divergence would not lower the rates of swap.schedule: take one of both"
            )
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
        """Factor of the linear scaling rule on the schedule's rates."""
        if self.lr_reference_batch is None or self.conditions is None:
            return 1.0
        return self.conditions.global_batch_size / self.lr_reference_batch

    @property
    def source_job(self) -> str | None:
        """Id of the job whose bounds are used, if any."""
        peak = self.schedule.peak
        return peak.from_job if isinstance(peak, FromJob) else None


class SweepSpec(_JobSpec):
    """The same range test under every combination of the values in ``over``, each an ``lr_find`` job of its own.

    ``over`` maps paths into the conditions to values: 1 to 4 paths, at most 64 cells, each legal conditions.
    """

    kind: Literal["sweep"]
    conditions: Conditions
    over: sweep.Over
    """Paths into the conditions, each with its values: optimizer.weight_decay = 1e-3, 1e-4."""
    range_test: RangeTest = RangeTest()

    @model_rule
    def _has_legal_cells(self) -> Self:
        sweep.check(self.conditions, self.over)
        return self


class CompareSpec(_JobSpec):
    """Several schedules under equal conditions, each with the same seeds, every one a ``train`` job of its own.

    ``arms`` or a ``preset`` says what is compared. ``reference`` is the arm that the others' numbers of updates are
    divided into. Peaks of ``"auto"`` come from one range test, with ``seed``, for all arms of the same conditions. Arms
    are evaluated after every ``observe.evaluate_every`` steps, by default a twentieth of the steps of the shortest arm;
    if budgets are in epochs, at the end of each.
    """

    kind: Literal["compare"]
    conditions: Conditions
    arms: Annotated[list[Arm], Field(min_length=1, max_length=16)] | None = None
    """What is compared; this or preset."""
    preset: SuperConvergence | None = None
    """Ready-made arms, in place of arms."""
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**53)]], Field(min_length=1, max_length=20)] = [0, 1, 2]  # noqa: RUF012
    """Seeds, the same for every arm."""
    target: Target | None = None
    """What is to be reached: a value, or where an arm ends; left out, where the reference ends."""
    reference: ArmName | None = None
    """The arm whose updates are compared with those of the others; left out, the target's, else the longest."""
    equal_budget_arms: bool = True
    """Add plain schedules over the shortest budget."""
    range_test: RangeTest | None = None
    observe: Observe = Observe()
    allow_different_conditions: bool = False

    @model_rule
    def _has_legal_arms(self) -> Self:
        if (self.arms is None) == (self.preset is None):
            raise refuse("arms", "exactly one of arms and preset must be given")
        every = self.all_arms
        named = [("/reference", self.reference), ("/target/final_of", self.target.final_of if self.target else None)]
        check_arms(every, named=named, seeds=self.seeds)
        for index, arm in enumerate(every):
            try:
                self.training(arm, arm.conditions(self.conditions), self.seeds[0])
            except ValidationError as error:
                raise illegal_arm(index, arm, error) from error
        if self.range_test is not None and all(arm.schedule.peak != "auto" for arm in every):
            raise refuse("range_test_unused", 'range_test goes with a peak of "auto" only')
        return self

    @property
    def own_arms(self) -> list[Arm]:
        """The arms in the spec."""
        return self.arms or (self.preset.arms() if self.preset else [])

    @property
    def all_arms(self) -> list[Arm]:
        """The arms in the spec, then the added ones."""
        own = self.own_arms
        reference = reference_of(own, self.reference, self.target)
        return own + (equal_budget_arms(own, reference) if self.equal_budget_arms else [])

    def training(self, arm: Arm, conditions: Conditions, seed: int) -> TrainSpec:
        """Return the training of an arm with a seed.

        Raises:
            ValidationError: The training is invalid.
        """
        observe, steps = self.observe, shortest(self.own_arms).steps
        if observe.evaluate_every is None and steps is not None:
            observe = observe.model_copy(update={"evaluate_every": max(1, steps // EVALUATIONS)})
        return TrainSpec(
            kind="train", conditions=conditions, schedule=arm.schedule, epochs=arm.epochs, steps=arm.steps, seed=seed,
            observe=observe, name=f"{self.name or 'compare'}: {arm.name}, seed {seed}"[:200], labels=self.labels,
            allow_different_conditions=self.allow_different_conditions, **self.limits,
        )  # fmt: skip


AnySpec = LrFindSpec | TrainSpec | SweepSpec | CompareSpec
JobSpec = Annotated[AnySpec, Field(discriminator="kind")]
job_spec: TypeAdapter[AnySpec] = TypeAdapter(JobSpec)
