"""Train our own tasks and write curves and ground truth in lrbench's format.

    python -m benchmarks.bounds_tasks.generate [TASK ...]

One thread; about four minutes in all on one core of a desktop machine.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.bounds_tasks.last_tasks import LAST_TASKS
from benchmarks.bounds_tasks.sources import Data
from benchmarks.bounds_tasks.tasks import LATE_TASKS, TASKS, OwnTask
from benchmarks.bounds_tasks.training import Session, one_cycle, range_test
from clr_core.range_test import RangeTestPlan

DATA = Path(__file__).parent / "data"
SEEDS_ONE_CYCLE = (0, 1, 2)
SMALL_RATES = {"adam", "adamax", "adamw", "nadam", "rmsprop"}  # their linear sweeps end at 0.1


def sweeps(task: OwnTask, data: Data) -> list[dict[str, Any]]:
    """The sweeps of lrbench: eight of 100 steps, three of 200 with held-back loss, two to 1, one linear."""
    end = task.end_lr
    low_end = 0.1 if task.optimizer in SMALL_RATES else 1.0
    linear_seeds = (130, 131, 132) if task in LAST_TASKS else (130,)
    plans = [(RangeTestPlan(1e-7, end, 100), seed, False) for seed in range(100, 108)]
    plans += [(RangeTestPlan(1e-6, end, 200), seed, True) for seed in range(110, 113)]
    plans += [(RangeTestPlan(1e-8, 1.0, 100), seed, False) for seed in (120, 121)]
    plans += [(RangeTestPlan(1e-7, low_end, 100, "linear"), seed, False) for seed in linear_seeds]
    return [range_test(task, data, plan, seed, validate=validate) for plan, seed, validate in plans]


def trivial(task: OwnTask, data: Data) -> dict[str, float | None]:
    """Loss of the untrained network, and of the best constant on the training part."""
    run = Session(task, data, 0, 1e-3)
    train, held = run.train[1], run.held[1]
    accuracy: float | None = None
    if task.kind == "reg":
        loss = float(((held - train.mean(dim=0)) ** 2).mean())
    else:
        shares = torch.bincount(train, minlength=int(max(train.max(), held.max())) + 1).float() / len(train)
        loss = float(-shares.clamp_min(1e-6).log()[held].mean())
        accuracy = float((held == shares.argmax()).float().mean())
    return {"init_val_loss": run.validate()[0], "constant_val_loss": loss, "constant_val_acc": accuracy}


def generate(task: OwnTask) -> dict[str, Any]:
    """One task file."""
    data = task.data()
    low, high, points = task.grid
    grid = RangeTestPlan(low, high, points).lrs()
    return {
        "task": task.name,
        "about": task.about,
        "shape": task.shape,
        "kind": task.kind,
        "optimizer": {"name": task.optimizer} | task.options | {"clip": task.clip} | task.traits,
        "batch_size": task.batch_size,
        "epochs": task.epochs,
        "parameters": sum(p.numel() for p in task.model().parameters()),
        "schedule": "OneCycleLR(max_lr, pct_start=0.3, cos, div_factor=25, final_div_factor=1e4)",
        "trivial": trivial(task, data),
        "curves": sweeps(task, data),
        "onecycle": [one_cycle(task, data, lr, seed) for lr in grid for seed in SEEDS_ONE_CYCLE],
        "clr": [],
    }


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    DATA.mkdir(exist_ok=True)
    for task in (*TASKS, *LATE_TASKS, *LAST_TASKS):
        if names and task.name not in names:
            continue
        started = time.perf_counter()
        content = json.dumps(generate(task), separators=(",", ":"))
        (DATA / f"{task.name}.json").write_text(content + "\n")
        took = time.perf_counter() - started
        print(f"{task.name:32s} {took:6.1f} s {len(content) // 1024:4d} KiB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
