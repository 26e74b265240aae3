"""Rules as lrbench's ``score.py`` calls them, and the totals of a set of tasks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from types import ModuleType
from typing import Any

from clr_core.bounds import UNKNOWN, Curve, NoBoundsError, Training, lr_bounds, suggest_bounds

Rule = Callable[[Sequence[float], Sequence[float]], float]
NEAR = 0.05  # a regret up to here is a good rate
TaskRule = Callable[[Any, str], Rule]  # by task and variant


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
    rows = [row for task in tasks for row in score.evaluate(rule(task, variant), [task], variant, metric)]
    _, sums = score.summary(rows)
    return Score(
        round(sums["regret"], 4),
        round(sums["worst_task"], 4),
        round(sums["near"], 3),
        round(sums["spread"], 3) if variant != "linear100" else 0.0,
        sums["failed"],
    )


def median_of_three(
    score: ModuleType, tasks: Sequence[Any], rule: TaskRule, variant: str, metric: str = "loss"
) -> Score:
    """Totals of the median of what a rule says of each three neighbouring sweeps; two answers are enough."""
    means, spreads, near, failed = [], [], [], 0
    for task in tasks:
        rows = score.evaluate(rule(task, variant), [task], variant, metric)
        medians = []
        for k in range(len(rows) - 2):
            answers = [math.log10(row["max"]) for row in rows[k : k + 3] if row["max"]]
            medians.append(median(answers) if len(answers) > 1 else None)
        if not medians:
            continue
        regrets = [1.0 if each is None else task.regret(10**each, metric) for each in medians]
        known = [each for each in medians if each is not None]
        failed += len(medians) - len(known)
        means.append(fmean(regrets))
        near.append(fmean(regret <= NEAR for regret in regrets))
        spreads += [stdev(known)] if len(known) > 1 else []
    return Score(
        round(fmean(means), 4),
        round(max(means), 4),
        round(fmean(near), 3),
        round(fmean(spreads), 3) if spreads else 0.0,
        failed,
    )


def default_rule(lrs: Sequence[float], losses: Sequence[float]) -> float:
    return lr_bounds(lrs, losses)[1]


def is_plain_sgd(task: Any) -> bool:
    """Whether a task trains by SGD without momentum, from its description."""
    return "plain SGD" in task.raw["about"]


def has_batch_norm(task: Any) -> bool:
    """Whether the network has batch norm, from the names of the tasks."""
    return bool({"bn", "resnet"} & set(task.name.split("_")))


def told(training: Training) -> Rule:
    """The default rule, told what does not show in a curve."""

    def rule(lrs: Sequence[float], losses: Sequence[float]) -> float:
        bounds = suggest_bounds(Curve.of(lrs, losses), training=training)
        if bounds.max_lr is None:
            raise NoBoundsError(bounds.warnings)
        return bounds.max_lr

    return rule


def told_of_plain_sgd(task: Any, variant: str) -> Rule:
    """The default rule, told where the optimizer has no momentum."""
    del variant
    return told(Training(optimizer="sgd", momentum=False) if is_plain_sgd(task) else UNKNOWN)


def told_of_batch_norm(task: Any, variant: str) -> Rule:
    """The default rule, told where held-back losses come from a network with batch norm."""
    return told(Training(batch_norm=has_batch_norm(task), held_back=variant.endswith("val")))


def named(rule: Callable[[Curve], float]) -> Rule:
    """A named rule on plain lists."""
    return lambda lrs, losses: rule(Curve.of(lrs, losses))
