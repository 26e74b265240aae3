"""The arms that a comparison adds: plain schedules over the budget of its shortest arm.

Super-convergence was published without them (arXiv:1708.07120): fewer updates than a long run of the standard policy
say little about a schedule unless the same few updates are tried with the usual ones too.
"""

from collections.abc import Sequence

from jobs.arms import STANDARD_FRACTIONS, Arm
from jobs.schedule_specs import (
    ConstantSchedule,
    CosineSchedule,
    FlatSchedule,
    LinearSchedule,
    Peak,
    PiecewiseSchedule,
    SimpleSchedule,
)

SUFFIX = "equal budget"


def equal_budget_arms(arms: Sequence[Arm], reference: Arm) -> list[Arm]:
    """Standard policy, constant, linear and cosine over the budget, batch and world size of the shortest arm.

    Linear and cosine come down from the peak of that arm. The standard policy and the constant take the rate of the
    reference arm, if that is flat and of the same batch, and the milestones of the former keep their fractions of the
    whole. A schedule that is among the arms already, over that budget, is not added.
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
    """The first of the arms with the smallest budget."""
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
