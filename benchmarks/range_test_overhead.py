"""What a range test costs beside the bare loop: a sweep of ours on one rank, and the same steps in plain PyTorch.

Ours is what a job runs: data order by (seed, step), rate set at every step, losses averaged and judged for divergence,
report written to disk. The bare loop has the same model, optimizer, batches, rates and number of threads, keeps its
losses on the device, and reads them at its end. Rounds alternate; medians are quoted.
Run: ``python benchmarks/range_test_overhead.py``.

Aims: cnn_vs_bare at most 1.05, mlp_vs_bare at most 1.2.
"""

import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from clr_core.range_test import RangeTestPlan
from jobs.config.settings import Settings
from jobs.database.records import Claim
from jobs.spec.job import LrFindSpec
from jobs.spec.resolved import ResolvedRangeTest
from jobs.spec.runnable import RangeTestJob
from worker.rundir.directory import write_plan
from worker.rundir.plan import LrFindPlan, read_plan
from worker.rundir.report import Report
from worker.train.data.registry import load
from worker.train.data.sampling import global_batch
from worker.train.loops.range_test import SweepContext
from worker.train.models.registry import build_model
from worker.train.process_group import ProcessGroup, join_process_group

ROUNDS = 15
STEPS = {"cnn": 60, "mlp": 400}
MODELS: dict[str, dict[str, Any]] = {"cnn": {"name": "resnet8"}, "mlp": {"name": "mlp"}}
END_LR = 1e-2  # no divergence: all steps are run


def spec_of(kind: str) -> LrFindSpec:
    return LrFindSpec.model_validate(
        {
            "kind": "lr_find",
            "conditions": {
                "model": MODELS[kind], "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
                "world_size": 1, "global_batch_size": 128,
            },
            "range_test": {"start_lr": 1e-6, "end_lr": END_LR, "steps": STEPS[kind], "replicas": 1},
        }
    )  # fmt: skip


def ours(world: ProcessGroup, plan: LrFindPlan, data: Any, rates: RangeTestPlan, folder: Path) -> float:
    with Report(folder, writes=True) as report:
        context = SweepContext(world, plan, plan.spec, data, report)
        begun = time.perf_counter()
        context.sweep(rates, 0, 0)
        return time.perf_counter() - begun


def bare(plan: LrFindPlan, data: Any, rates: RangeTestPlan) -> float:
    inputs, labels = data.normalised(data.train.inputs), data.train.targets
    begun = time.perf_counter()
    torch.manual_seed(0)
    model = build_model(plan.conditions.model, data.shape, data.classes)
    optimizer = torch.optim.SGD(model.parameters(), lr=rates.start_lr, momentum=0.9)
    losses = []
    for step in range(rates.steps):
        optimizer.param_groups[0]["lr"] = rates.lr_at(step)
        batch = global_batch(1, step, 128, len(labels))
        loss = functional.cross_entropy(model(inputs[batch]), labels[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    torch.stack(losses).tolist()
    return time.perf_counter() - begun


def measure(world: ProcessGroup, kind: str, folder: Path) -> float:
    spec = spec_of(kind)
    job = RangeTestJob(spec=spec, resolved=ResolvedRangeTest(rank_batch_size=spec.conditions.rank_batch_size))
    write_plan(folder, Claim("job", 1, 1, job), Settings(data_dir=folder), Path)
    plan = read_plan(folder)
    assert isinstance(plan, LrFindPlan)
    data, test = load(plan, world.device), spec.range_test
    rates = RangeTestPlan(test.start_lr, test.end_lr, test.steps, test.spacing)
    ratios, pair = [], (0.0, 0.0)
    for number in range(ROUNDS + 1):
        pair = ours(world, plan, data, rates, folder), bare(plan, data, rates)
        if number:  # the first round warms up
            ratios.append(pair[0] / pair[1])
    per_step = [1e3 * seconds / rates.steps for seconds in pair]
    print(f"{kind}: ours {per_step[0]:.3f} ms a step, bare {per_step[1]:.3f} ms (last round); ratios {sorted(ratios)}")
    return round(statistics.median(ratios), 3)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="clr-") as name:
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}
        os.environ |= address
        with join_process_group() as world:
            result = {f"{kind}_vs_bare": measure(world, kind, Path(name)) for kind in MODELS}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
