"""Rules as lrbench's ``score.py`` calls them, and the totals of a set of tasks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from clr_core.bounds import Curve, NoBoundsError, lr_bounds
from clr_core.bounds.replica import examine

Rule = Callable[[Sequence[float], Sequence[float]], float]
TaskRule = Callable[[Any], Rule]


@dataclass(frozen=True)
class Score:
    """Totals of one rule over a set of tasks, each task weighing the same."""

    mean: float
    worst_task: float
    near: float
    spread: float
    failed: int


def total(score: ModuleType, tasks: Sequence[Any], rule: TaskRule, variant: str, metric: str = "loss") -> Score:
    """Totals; ``rule`` is asked once for each task."""
    rows = [row for task in tasks for row in score.evaluate(rule(task), [task], variant, metric)]
    _, sums = score.summary(rows)
    return Score(
        round(sums["regret"], 4),
        round(sums["worst_task"], 4),
        round(sums["near"], 3),
        round(sums["spread"], 3) if variant != "linear100" else 0.0,
        sums["failed"],
    )


def default_rule(lrs: Sequence[float], losses: Sequence[float]) -> float:
    return lr_bounds(lrs, losses)[1]


def is_plain_sgd(task: Any) -> bool:
    """Whether a task trains by SGD without momentum, from its description."""
    return "plain SGD" in task.raw["about"]


def hinted_rule(task: Any) -> Rule:
    """The default rule, told where the optimizer is SGD without momentum."""

    def rule(lrs: Sequence[float], losses: Sequence[float]) -> float:
        momentum = False if is_plain_sgd(task) else None
        found = examine(Curve.of(lrs, losses), momentum=momentum, with_spread=False).found
        if found is None:
            raise NoBoundsError(())
        return float(10.0**found.log10_lr)

    return rule


def named(rule: Callable[[Curve], float]) -> Rule:
    """A named rule on plain lists."""
    return lambda lrs, losses: rule(Curve.of(lrs, losses))
