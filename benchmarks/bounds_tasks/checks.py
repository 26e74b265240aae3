"""Checks of the default rule beyond its mean regret: left-out tasks, intervals."""

import math
import random
from collections.abc import Sequence
from itertools import product
from statistics import fmean, median
from types import ModuleType
from typing import Any
from unittest.mock import patch

from benchmarks.bounds_tasks.scoring import NEAR, default_rule
from clr_core.bounds import UNKNOWN, Curve
from clr_core.bounds.confidence_interval import centre, half_width
from clr_core.bounds.midpoint_rule import half_way
from clr_core.bounds.replicas import Replica, examine

LEVEL = 0.9
DRAWS = 24
GRID = {
    "FALL": (0.4, 0.5, 0.6),
    "MARGIN": tuple(map(math.log10, (3.0, 5.0, 7.0))),
    "CAUTIOUS_MARGIN": tuple(map(math.log10, (8.0, 12.0, 16.0))),
    "HALF": (0.4, 0.5, 0.6),
    "REACH": (0.3, 0.5, 0.7),
}


def by_task(score: ModuleType, tasks: Sequence[Any]) -> str:
    """Regret of each task on each variant."""
    columns = ("exp100", "exp200", "exp200val", "exp100to1", "linear100")
    lines = [f"{'task':30s}{'best lr':>9s}" + "".join(f"{column:>11s}" for column in columns)]
    sums = {c: score.summary(score.evaluate(default_rule, tasks, c))[0] for c in columns}
    for task in tasks:
        best = 10 ** task.best_range()[1]
        cells = "".join(f"{sums[c][task.name]['regret']:11.3f}" for c in columns)
        lines.append(f"{task.name:30s}{best:9.3g}{cells}")
    return "\n".join(lines)


def _examined(task: Any, *, with_spread: bool = False) -> list[Replica]:
    curves = [Curve.of(lrs, losses) for _, lrs, losses in task.curves("exp100")]
    return [examine(curve, UNKNOWN, with_spread=with_spread) for curve in curves]


def leave_one_out(tasks: Sequence[Any]) -> dict[str, Any]:
    """Regret on each task with the constants that are best, on the same grid, on all the others."""
    readings = {task.name: [r.reading for r in _examined(task) if r.reading is not None] for task in tasks}
    regrets: dict[tuple[float, ...], dict[str, float]] = {}
    for values in product(*GRID.values()):
        constants: dict[str, Any] = dict(zip(GRID, values, strict=True))
        with patch.multiple("clr_core.bounds.midpoint_rule", **constants):
            found = {name: [half_way(reading) for reading in group] for name, group in readings.items()}
        regrets[values] = {
            task.name: fmean(1.0 if s is None else task.regret(10**s.log10_lr) for s in found[task.name])
            for task in tasks
        }
    left_out = []
    for task in tasks:
        others = [other.name for other in tasks if other is not task]
        best = min(regrets.values(), key=lambda row: fmean(row[name] for name in others))
        left_out.append(best[task.name])
    means = sorted(fmean(row.values()) for row in regrets.values())
    return {
        "mean": round(fmean(left_out), 4),
        "worst_task": round(max(left_out), 4),
        "constants tried": len(regrets),
        "best, median and worst mean over the constants": [round(means[k], 4) for k in (0, len(means) // 2, -1)],
    }


def intervals(tasks: Sequence[Any]) -> list[dict[str, float]]:
    """How often 90 % intervals hold a rate of regret <= 0.05, and the suggestion of a further sweep."""
    examined = {task.name: [r for r in _examined(task, with_spread=True) if r.found] for task in tasks}
    out = []
    for replicas in (1, 3, 5):
        good, future, widths = [], [], []
        for task in tasks:
            rng = random.Random(0)
            logs = [r.found.log10_lr for r in examined[task.name] if r.found is not None]
            for _ in range(DRAWS if len(logs) > replicas else 0):
                drawn = rng.sample(range(len(logs)), replicas)
                middle = centre([logs[k] for k in drawn])
                half = half_width([logs[k] for k in drawn], [examined[task.name][k].spread for k in drawn], LEVEL)
                inside = [middle + half * step / 20 for step in range(-20, 21)]
                good.append(min(task.regret(10**x) for x in inside) <= NEAR)
                future += [abs(logs[k] - middle) <= half for k in range(len(logs)) if k not in drawn]
                widths.append(2 * half)
        out.append(
            {
                "replicas": replicas,
                "hold a rate of regret <= 0.05": round(fmean(good), 3),
                "hold a further sweep": round(fmean(future), 3),
                "median width in decades": round(median(widths), 3),
            }
        )
    return out
