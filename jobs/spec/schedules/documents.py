"""Specs of schedules: one document for each, with a line of help. The module ``builder`` builds them."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator
from pydantic_core.core_schema import ValidationInfo

from jobs.spec.base import LearningRate, Strict, Text, field_rule, model_rule, refuse

MAX_STEPS = 100_000_000

Steps = Annotated[int, Field(ge=1, le=MAX_STEPS)]
Epochs = Annotated[float, Field(gt=0, le=1e6)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
FinalLr = Annotated[float, Field(ge=0, le=1e6)]
DivFactor = Annotated[float, Field(gt=1, le=1e6)]


class FromJob(Strict):
    """The bounds of an ``lr_find`` job of this server."""

    from_job: Annotated[Text, Field(pattern=r"^job_[0-9a-f]{32}$")]


def _form(value: Any) -> str:
    if isinstance(value, str):
        return "auto"
    return "from_job" if isinstance(value, dict | FromJob) else "number"


Peak = Annotated[
    Annotated[LearningRate, Tag("number")]
    | Annotated[Literal["auto"], Tag("auto")]
    | Annotated[FromJob, Tag("from_job")],
    Discriminator(_form),
]


class Warmup(Strict):
    """Gradual warm-up (Goyal et al. 2017): the first ``steps`` are scaled from ``from_factor`` up to 1."""

    steps: Steps
    """The first steps, whose rates are scaled."""
    from_factor: Annotated[float, Field(ge=0, le=1)] = 0.1
    """What the first of them is scaled by."""


class _Schedule(Strict):
    warmup: Warmup | None = None


class FlatSchedule(_Schedule):
    """What schedules without a cycle share: their highest rate."""

    lr: Peak

    @property
    def peak(self) -> float | Literal["auto"] | FromJob:
        """The highest rate, or where it comes from."""
        return self.lr


class ConstantSchedule(FlatSchedule):
    """The same rate at every step."""

    name: Literal["constant"]


class PiecewiseSchedule(FlatSchedule):
    """The standard policy: multiplied by ``factor`` at every milestone.

    Milestones are steps, or fractions of the whole training.
    """

    name: Literal["piecewise"]
    milestones: Annotated[list[Steps], Field(min_length=1, max_length=1000)] | None = None
    milestone_fractions: (
        Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=1, max_length=1000)] | None
    ) = None
    factor: Annotated[float, Field(gt=0, le=1)] = 0.1

    @model_rule
    def _is_complete(self) -> Self:
        if (self.milestones is None) == (self.milestone_fractions is None):
            raise refuse("milestones", "exactly one of milestones and milestone_fractions must be given")
        return self

    def milestones_of(self, total_steps: int) -> list[int]:
        """Steps of the milestones in a training of so many."""
        return self.milestones or [round(fraction * total_steps) for fraction in self.milestone_fractions or ()]


class LinearSchedule(FlatSchedule):
    """A straight line down to ``final_lr`` at the end."""

    name: Literal["linear"]
    final_lr: FinalLr = 0.0


class CosineSchedule(FlatSchedule):
    """Half a cosine down to ``final_lr`` at the end (Loshchilov & Hutter 2017, without restarts)."""

    name: Literal["cosine"]
    final_lr: FinalLr = 0.0


class WsdSchedule(FlatSchedule):
    """Warm-up, stable, decay."""

    name: Literal["wsd"]
    warmup_steps: Annotated[int, Field(ge=0, le=MAX_STEPS)]
    decay_steps: Annotated[int, Field(ge=0, le=MAX_STEPS)]
    initial_lr: FinalLr = 0.0
    final_lr: FinalLr = 0.0
    decay: Literal["linear", "cos", "sqrt"] = "linear"


class CyclicSchedule(_Schedule):
    """What cyclical policies share: the peak, and the range in which momentum mirrors the LR.

    Momentum cycles only where the conditions' optimizer has one.
    """

    max_lr: Peak
    """Peak of the cycle."""
    max_momentum: Momentum = 0.95
    """Momentum at the foot of the LR."""
    base_momentum: Momentum = 0.85
    """Momentum at the peak of the LR."""

    @field_rule("base_momentum")
    @classmethod
    def _is_lower(cls, base_momentum: float, info: ValidationInfo) -> float:
        highest = info.data.get("max_momentum", 1.0)
        if base_momentum > highest:
            raise refuse("above_max_momentum", f"must be at most max_momentum = {highest}")
        return base_momentum

    @property
    def peak(self) -> float | Literal["auto"] | FromJob:
        """The highest rate, or where it comes from."""
        return self.max_lr


class RepeatingSchedule(CyclicSchedule):
    """What cycles without end share. ``step_size`` is half a cycle; Smith: 2 to 10 epochs.

    ``base_lr`` left out is the lower bound of the range test that ``max_lr`` comes from.
    """

    base_lr: LearningRate | None = None
    """Foot of the cycles; left out, the lower bound of the range test."""
    step_size: Steps | None = None
    """Steps in half a cycle; this or step_size_epochs."""
    step_size_epochs: Epochs | None = None
    """Epochs in half a cycle; Smith: 2 to 10."""
    step_size_down: Steps | None = None
    """Steps of the way down, where it differs."""

    @field_rule("base_lr")
    @classmethod
    def _is_below_the_peak(cls, base_lr: float | None, info: ValidationInfo) -> float | None:
        max_lr = info.data.get("max_lr")
        if isinstance(max_lr, float) and base_lr is not None and max_lr <= base_lr:
            raise refuse("not_below_max_lr", f"must be below max_lr = {max_lr}")
        return base_lr

    @model_rule
    def _is_complete(self) -> Self:
        if isinstance(self.max_lr, float) and self.base_lr is None:
            raise refuse("missing_base_lr", "base_lr is needed beside a max_lr that is a number")
        if (self.step_size is None) == (self.step_size_epochs is None):
            raise refuse("step_size", "exactly one of step_size and step_size_epochs must be given")
        return self


class TriangularSchedule(RepeatingSchedule):
    """Linear cycles between ``base_lr`` and ``max_lr`` (Smith 2017)."""

    name: Literal["triangular"]


class Triangular2Schedule(RepeatingSchedule):
    """Linear cycles whose height halves each time (Smith 2017)."""

    name: Literal["triangular2"]


class ExpRangeSchedule(RepeatingSchedule):
    """Linear cycles whose height shrinks by ``gamma`` at every step (Smith 2017)."""

    name: Literal["exp_range"]
    gamma: Annotated[float, Field(gt=0, le=1)]


class OneCycleSchedule(CyclicSchedule):
    """1cycle (Smith 2018): up, down, then the annihilation far below the initial LR.

    ``div_factor`` is ``max_lr / initial_lr``; left out, it follows from the bounds, or is 10. ``final_div_factor`` is
    ``initial_lr / final_lr``; ``annihilation_fraction`` the fraction of all steps spent there.
    """

    name: Literal["one_cycle"]
    div_factor: DivFactor | None = None
    """max_lr / initial_lr; left out, from the bounds, or 10."""
    annihilation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Fraction of all steps spent far below the initial LR."""
    final_div_factor: Annotated[float, Field(ge=1, le=1e9)] = 100.0
    """initial_lr / final_lr."""
    anneal: Literal["linear", "cos"] = "linear"


class OneCycleTwoPhaseSchedule(CyclicSchedule):
    """1cycle in the form of torch and fastai: up over the fraction ``pct_start``, then down far below the start.

    ``div_factor`` is ``max_lr / initial_lr``; left out, it follows from the bounds, or is 10. ``final_div_factor`` is
    ``initial_lr / final_lr``, as in torch.
    """

    name: Literal["one_cycle_two_phase"]
    pct_start: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Fraction of all steps spent rising."""
    anneal: Literal["linear", "cos"] = "cos"
    div_factor: DivFactor | None = None
    """max_lr / initial_lr; left out, from the bounds, or 10."""
    final_div_factor: Annotated[float, Field(ge=1, le=1e9)] = 1e4
    """initial_lr / final_lr, as in torch."""


SimpleSchedule = (
    ConstantSchedule
    | PiecewiseSchedule
    | LinearSchedule
    | CosineSchedule
    | WsdSchedule
    | TriangularSchedule
    | Triangular2Schedule
    | ExpRangeSchedule
    | OneCycleSchedule
    | OneCycleTwoPhaseSchedule
)


class SequencePart(Strict):
    """So many steps of a schedule, which begins at its own step 0. Its rates are numbers."""

    steps: Steps
    schedule: Annotated[SimpleSchedule, Field(discriminator="name")]

    @field_validator("schedule")
    @classmethod
    def _has_numbers(cls, schedule: SimpleSchedule) -> SimpleSchedule:
        if not isinstance(schedule.peak, float):
            raise refuse("peak_not_a_number", "must have rates that are numbers within a sequence")
        return schedule


class SequenceSchedule(_Schedule):
    """Schedules one after the other, such as cycles inside of step drops (Smith 2017, table 2).

    Momentum cycles only where all parts cycle.
    """

    name: Literal["sequence"]
    parts: Annotated[list[SequencePart], Field(min_length=1, max_length=100)]

    @property
    def peak(self) -> float:
        """The highest rate of all parts."""
        return max(part.schedule.peak for part in self.parts if isinstance(part.schedule.peak, float))


AnySchedule = SimpleSchedule | SequenceSchedule
ScheduleSpec = Annotated[AnySchedule, Field(discriminator="name")]
