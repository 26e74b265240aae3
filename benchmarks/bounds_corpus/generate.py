"""Make random tasks: range tests and ground truth in lrbench's format, one file for each task and length.

    python -m benchmarks.bounds_corpus.generate FOLDER [--first 0] [--count 120] [--longest 2] [--shortest 0]

One thread. The short lengths of all tasks come first; files that exist are kept, so a run may be cut off and go on.
Numbers from ``HELD_OUT`` on are for judging alone: no fit reads them.
"""

import argparse
import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.bounds_corpus.tasks import CorpusTask, jobs, task_of
from benchmarks.bounds_corpus.training import Stack, one_cycles, range_tests, rounded
from clr_core.bounds import Curve
from clr_core.bounds.replicas import examine
from clr_core.bounds.training import UNKNOWN
from clr_core.range_test import RangeTestPlan

HELD_OUT = 100_000
SWEEP_SEEDS = range(100, 108)
TRAINING_SEEDS = (0, 1)
START_LR, POINTS = 1e-7, 100
SPACING = 0.3  # decades between the rates of the trainings
REACH = 7  # rates on either side of the middle
EXTENSIONS = 2  # times that the grid grows if the best rate lies at its end


def sweeps(task: CorpusTask) -> list[dict[str, Any]]:
    """Range tests of 100 steps, each up to its first loss that is not finite."""
    plan = RangeTestPlan(START_LR, task.end_lr, POINTS)
    rates = plan.lrs()
    out = []
    for seed, losses in zip(SWEEP_SEEDS, range_tests(task, rates, SWEEP_SEEDS), strict=True):
        end = next((k + 1 for k, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))
        head = {"mode": "exp", "start_lr": START_LR, "end_lr": task.end_lr, "num_iter": POINTS, "seed": seed}
        lrs = [float(f"{lr:.6g}") for lr in rates[:end]]
        out.append(head | {"lr": lrs, "loss": [rounded(loss) for loss in losses[:end]]})
    return out


def middle_of(curves: list[dict[str, Any]], end_lr: float) -> float:
    """log10 of the rate around which trainings are worth while: the rule's answer, or two decades below the end."""
    read = [Curve.of(c["lr"], [math.nan if v is None else v for v in c["loss"]]) for c in curves]
    found = [rule.log10_lr for curve in read if (rule := examine(curve, UNKNOWN, with_spread=False).found) is not None]
    return statistics.median(found) if found else math.log10(end_lr) - 2.0


def trivial(task: CorpusTask) -> dict[str, float | None]:
    """Loss of the untrained network, and of the best constant on the training part."""
    data = task.data
    train, held = data.y[: data.training_points], data.y[data.training_points :]
    init = float(Stack(task, TRAINING_SEEDS, 1, 1).validate()[0].mean())
    if data.kind == "reg":
        loss = float((held - train.mean(dim=0)).square().mean())
        return {"init_val_loss": init, "constant_val_loss": loss, "constant_val_acc": None}
    shares = torch.bincount(train, minlength=data.outputs).float() / len(train)
    loss = float(-shares.clamp_min(1e-6).log()[held].mean())
    accuracy = float((held == shares.argmax()).float().mean())
    return {"init_val_loss": init, "constant_val_loss": loss, "constant_val_acc": accuracy}


def ground_truth(task: CorpusTask, steps: int, middle: float, worst: float) -> list[dict[str, Any]]:
    """Trainings on a grid of rates that grows until the best lies inside it."""
    low = high = round(middle / SPACING)
    low, high = low - REACH, high + REACH
    wanted, rows = list(range(low, high + 1)), []
    for _ in range(1 + EXTENSIONS):
        rows += one_cycles(task, steps, [10.0 ** (k * SPACING) for k in wanted], TRAINING_SEEDS)
        by: dict[float, list[float]] = {}
        for row in rows:
            value = worst if row["val_loss"] is None else min(row["val_loss"], worst)
            by.setdefault(row["max_lr"], []).append(value)
        best = round(math.log10(min(by, key=lambda lr: statistics.fmean(by[lr]))) / SPACING)
        if low + 1 < best < high - 1:
            break
        wanted = list(range(low - REACH, low)) if best <= low + 1 else list(range(high + 1, high + REACH + 1))
        low, high = min(low, *wanted), max(high, *wanted)
    return sorted(rows, key=lambda row: (row["max_lr"], row["seed"]))


def generate(task: CorpusTask, steps: int) -> dict[str, Any]:
    """One file: a task at one length."""
    curves, level = sweeps(task), trivial(task)
    worst = min(value for key in ("init_val_loss", "constant_val_loss") if (value := level[key]) is not None)
    return {
        "task": f"{task.name}_{steps}",
        "base": task.name,
        "about": task.about,
        "kind": task.data.kind,
        "arch": task.plan.architecture,
        "norm": task.plan.norm,
        "opt": task.family,
        "data": task.source,
        "batch_size": task.batch_size,
        "epochs": steps * task.batch_size / task.data.training_points,
        "steps": steps,
        "parameters": task.net().count,
        "schedule": "OneCycleLR(max_lr, pct_start=0.3, cos, div_factor=25, final_div_factor=1e4)",
        "trivial": level,
        "curves": curves,
        "onecycle": ground_truth(task, steps, middle_of(curves, task.end_lr), worst),
        "clr": [],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--shortest", type=int, default=0, help="first stratum of the lengths, 0 to 2")
    parser.add_argument("--longest", type=int, default=2, help="last stratum of the lengths, 0 to 2")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for number, stratum in jobs(wanted.first, wanted.count):
        if not wanted.shortest <= stratum <= wanted.longest:
            continue
        task = task_of(number)
        if stratum >= len(task.lengths):
            continue
        path = wanted.folder / f"{task.name}_{task.lengths[stratum]}.json"
        if path.exists():
            continue
        started = time.perf_counter()
        content = json.dumps(generate(task, task.lengths[stratum]), separators=(",", ":"))
        part = path.with_suffix(".part")
        part.write_text(content + "\n")
        part.rename(path)
        print(f"{path.stem:48s} {time.perf_counter() - started:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
