"""The spec of a comparison: its arms, the added arms of an equal budget, its target, and its preset."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError
from pydantic_core import PydanticCustomError

from jobs.spec.base import LearningRate, Strict, Text, model_rule, refuse
from jobs.spec.conditions import Conditions
from jobs.spec.schedules.documents import (
    AnySchedule,
    ConstantSchedule,
    CosineSchedule,
    Epochs,
    FlatSchedule,
    LinearSchedule,
    OneCycleSchedule,
    Peak,
    PiecewiseSchedule,
    ScheduleSpec,
    SimpleSchedule,
    Steps,
)
from jobs.spec.sweep import conditions_of
from jobs.spec.training import assert_reachable

MAX_CHILDREN = 64
EVALUATIONS = 20  # of the shortest arm, unless the spec sets an interval
# He et al. 2016 and Smith & Topin 2017 divide the rate by ten twice, the latter at 50,000 and 70,000 of 80,000 steps.
STANDARD_FRACTIONS = [0.625, 0.875]

ArmName = Annotated[Text, Field(min_length=1, max_length=60)]


class Arm(Strict):
    """One of the trainings that are compared: a schedule and its budget.

    A batch size or world size of its own replaces that of the conditions.
    """

    name: ArmName
    schedule: ScheduleSpec
    epochs: Epochs | None = None
    steps: Steps | None = None
    global_batch_size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    world_size: Annotated[int, Field(ge=1, le=1024)] | None = None

    @property
    def budget(self) -> float:
        """Its length, in the unit that all arms of a comparison share."""
        return self.epochs or float(self.steps or 0)

    @property
    def overrides(self) -> dict[str, int]:
        """The fields that differ from the conditions of the comparison."""
        own = {"global_batch_size": self.global_batch_size, "world_size": self.world_size}
        return {name: value for name, value in own.items() if value is not None}

    def conditions(self, shared: Conditions) -> Conditions:
        """Return the conditions that it trains under.

        Raises:
            ValidationError: They are invalid.
        """
        return conditions_of(shared, self.overrides)


class Target(Strict):
    """What an arm has to reach: a value, or where another arm of the same seed ends.

    It is reached at the first evaluation that is at least as good: at least it for accuracy, at most it for loss.
    """

    metric: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    value: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None
    final_of: ArmName | None = None

    @model_rule
    def _is_one_thing(self) -> Self:
        if (self.value is None) == (self.final_of is None):
            raise refuse("target", "exactly one of value and final_of must be given")
        if self.value is not None:
            assert_reachable(self.metric, self.value)
        return self


class SuperConvergence(Strict):
    """1cycle over ``steps`` updates against the standard policy over ``ratio`` times as many (arXiv:1708.07120).

    The published pair, ResNet-56 on CIFAR-10: 10,000 updates up to 3.0, against 80,000 at 0.35.
    """

    name: Literal["super_convergence"]
    steps: Annotated[int, Field(ge=10, le=1_000_000)]
    """Updates of 1cycle."""
    ratio: Annotated[int, Field(ge=1, le=100)] = 8
    """How many times more updates the standard policy has."""
    max_lr: Peak = "auto"
    """Peak of 1cycle."""
    standard_lr: LearningRate = 0.1
    """The rate of the standard policy."""

    def arms(self) -> list[Arm]:
        """Both arms; the peak of 1cycle comes from a range test unless it is given."""
        standard = PiecewiseSchedule(name="piecewise", lr=self.standard_lr, milestone_fractions=STANDARD_FRACTIONS)
        one_cycle = OneCycleSchedule(name="one_cycle", max_lr=self.max_lr)
        return [
            Arm(name="1cycle", schedule=one_cycle, steps=self.steps),
            Arm(name="standard", schedule=standard, steps=self.ratio * self.steps),
        ]


def with_peak(schedule: AnySchedule, peak: object) -> AnySchedule:
    """Return the schedule with another highest rate, or another source of it."""
    field = "lr" if isinstance(schedule, FlatSchedule) else "max_lr"
    return schedule.model_copy(update={field: peak})


def reference_of(arms: Sequence[Arm], named: str | None, target: Target | None) -> Arm:
    """Return the arm that others are measured against: the named one, else the target's, else the first longest."""
    wanted = named or (target.final_of if target is not None else None)
    longest = max(arms, key=lambda arm: arm.budget)
    return next((arm for arm in arms if arm.name == wanted), longest)


def check_arms(arms: Sequence[Arm], *, named: Sequence[tuple[str, str | None]], seeds: Sequence[int]) -> None:
    """Refuse arms that cannot be compared.

    Args:
        arms: All arms, including the added ones.
        named: JSON pointers of fields that name an arm, with the names.
        seeds: The seeds that each arm is run with.

    Raises:
        PydanticCustomError: ``pointer`` in its context names the field at fault.
    """
    names = [arm.name for arm in arms]
    _refuse_repeated(names, "/arms/{}/name", "duplicate_name")
    _refuse_repeated(seeds, "/seeds/{}", "duplicate_seed")
    for index, arm in enumerate(arms):
        if (arm.steps is None) != (arms[0].steps is None):
            text = "must have its budget in the same unit as the arms before it, steps or epochs"
            raise fault("mixed_budgets", text, f"/arms/{index}", "epochs" if arm.steps is None else "steps")
    for pointer, name in named:
        if name is not None and name not in names:
            legal = ", ".join(map(repr, names))
            raise fault("unknown_arm", f"must be the name of an arm: {legal}", pointer, name)
    if len(arms) < 2:  # noqa: PLR2004
        raise fault("too_few_arms", "must be at least 2 where equal_budget_arms is false", "/arms", f"{len(arms)} arm")
    if (count := len(arms) * len(seeds)) > MAX_CHILDREN:
        text = f"must come to at most {MAX_CHILDREN} trainings"
        raise fault("too_many_children", text, "/arms", f"{len(arms)} arms x {len(seeds)} seeds = {count}")


def _refuse_repeated(values: Sequence[object], pointer: str, code: str) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise fault(code, "must differ from those before it", pointer.format(index), value)


def fault(code: str, text: str, pointer: str, value: object) -> PydanticCustomError:
    """Return an error of a validator that names the field at fault."""
    context = {"code": code, "message": text, "pointer": pointer, "value": value}
    return PydanticCustomError("clr_error", "{message}", context)


def illegal_arm(index: int, arm: Arm, error: ValidationError) -> PydanticCustomError:
    """Return the error of an arm's training, with the name of the arm."""
    found = error.errors()[0]
    path = ".".join(str(part) for part in found["loc"])
    code = found.get("ctx", {}).get("code", found["type"])
    return fault(code, f"{path}: {found['msg']}" if path else found["msg"], f"/arms/{index}", arm.name)


SUFFIX = "equal budget"


def equal_budget_arms(arms: Sequence[Arm], reference: Arm) -> list[Arm]:
    """Return a standard policy, constant, linear and cosine arm with budget, batch and world size of the shortest arm.

    Linear and cosine fall from the peak of that arm. The standard policy and the constant schedule take the rate of the
    reference arm, if that is flat and has the same batch size; the milestones of the standard policy keep their
    fractions of the whole. A schedule that an arm already has with this budget is not added.
    """
    short = shortest(arms)
    there = {arm.schedule.name for arm in arms if arm.budget == short.budget and arm.overrides == short.overrides}
    peak = short.schedule.peak
    flat = isinstance(reference.schedule, FlatSchedule) and reference.overrides == short.overrides
    rate = reference.schedule.peak if flat else peak
    added: dict[str, SimpleSchedule] = {
        "standard": _standard(reference, rate),
        "constant": ConstantSchedule(name="constant", lr=rate),
        "linear": LinearSchedule(name="linear", lr=peak),
        "cosine": CosineSchedule(name="cosine", lr=peak),
    }
    return [
        _over(short, f"{name} ({SUFFIX})", schedule) for name, schedule in added.items() if schedule.name not in there
    ]


def shortest(arms: Sequence[Arm]) -> Arm:
    """Return the first arm with the smallest budget."""
    return min(arms, key=lambda arm: arm.budget)


def _standard(reference: Arm, rate: Peak) -> PiecewiseSchedule:
    schedule = reference.schedule
    if not isinstance(schedule, PiecewiseSchedule):
        return PiecewiseSchedule(name="piecewise", lr=rate, milestone_fractions=STANDARD_FRACTIONS)
    fractions = schedule.milestone_fractions
    if fractions is None and reference.steps is not None:
        fractions = [step / reference.steps for step in schedule.milestones or () if step < reference.steps]
    return PiecewiseSchedule(
        name="piecewise", lr=rate, milestone_fractions=fractions or STANDARD_FRACTIONS, factor=schedule.factor
    )


def _over(short: Arm, name: str, schedule: SimpleSchedule) -> Arm:
    return short.model_copy(update={"name": name, "schedule": schedule})
