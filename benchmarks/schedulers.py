"""Time one scheduler step against torch's own, in one process, and a curve of a million steps.

    python -m benchmarks.schedulers [--rounds 15]

The rounds of ours and torch's alternate; a ratio is ours / torch's, each by its fastest round, for on a busy machine
that is the one least disturbed. Both cycle the momentum. The last line is JSON.
"""

import argparse
import gc
import json
import platform
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch.optim.lr_scheduler import CyclicLR, LRScheduler, OneCycleLR

from clr_core.schedules import Schedule, exp_range, one_cycle, one_cycle_two_phase, triangular
from clr_core.torch import ScheduledLR

TOTAL = 1_000_000
MOMENTUM: dict[str, Any] = {"base_momentum": 0.85, "max_momentum": 0.95}
PAIRS: dict[str, tuple[Schedule, Callable[[torch.optim.Optimizer], LRScheduler]]] = {
    "one_cycle": (one_cycle_two_phase(0.8, TOTAL, **MOMENTUM), lambda o: OneCycleLR(o, 0.8, TOTAL, **MOMENTUM)),
    "cyclic": (triangular(0.08, 0.8, 2_000, **MOMENTUM), lambda o: CyclicLR(o, 0.08, 0.8, 2_000, **MOMENTUM)),
}


def made(groups: int, build: Callable[[torch.optim.Optimizer], LRScheduler]) -> LRScheduler:
    parameters = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(groups)]
    optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9)
    scheduler = build(optimizer)
    optimizer.step()
    return scheduler


def seconds(scheduler: LRScheduler, steps: int) -> float:
    step = scheduler.step
    start = perf_counter()
    for _ in range(steps):
        step()
    return (perf_counter() - start) / steps


def ratio(name: str, groups: int, rounds: int) -> tuple[float, list[float]]:
    """Return the ratio of the fastest rounds and that of each round."""
    schedule, torchs = PAIRS[name]
    both = made(groups, lambda optimizer: ScheduledLR(optimizer, schedule)), made(groups, torchs)
    steps = 4_000 // groups + 100
    times = np.array([[seconds(scheduler, steps) for scheduler in both] for _ in range(rounds)])
    ours, theirs = times.min(axis=0)
    print(f"{name}, {groups} groups: {ours * 1e6:.2f} us a step, torch {theirs * 1e6:.2f} us")
    return ours / theirs, [round(value, 3) for value in sorted(times[:, 0] / times[:, 1])]


def curve_seconds(schedule: Schedule, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = perf_counter()
        schedule.curve(TOTAL)
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=15)
    rounds = arguments.parse_args().rounds
    gc.disable()
    result: dict[str, Any] = {}
    spread: dict[str, list[float]] = {}
    for name in PAIRS:
        for groups in (1, 100):
            key = f"step_ratio_{name}_{groups}"
            value, each = ratio(name, groups, rounds)
            result[key], spread[key] = round(value, 3), [each[0], each[len(each) // 2], each[-1]]
    curves = {
        "one_cycle": one_cycle(0.8, TOTAL),
        "one_cycle_two_phase": PAIRS["one_cycle"][0],
        "triangular": PAIRS["cyclic"][0],
        "exp_range": exp_range(0.08, 0.8, 2_000, 0.99994),
    }
    taken = {name: round(curve_seconds(schedule, rounds), 4) for name, schedule in curves.items()}
    result["curve_1e6_s"] = max(taken.values())
    result |= {
        "curve_1e6_s_each": taken, "spread_of_rounds": {"columns": ["lowest", "median", "highest"], **spread},
        "rounds": rounds, "python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__,
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
