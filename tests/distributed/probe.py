"""Trains a plan on ranks that write down what they really applied and ended with."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from worker.rundir.plan import TrainingPlan, read_plan
from worker.rundir.report import Report
from worker.train import agent, rank
from worker.train.data.registry import load
from worker.train.loops import training
from worker.train.process_group import ProcessGroup, join_process_group


def launch(run_dir: str, world_size: int) -> None:
    """Run the ranks and wait for them, as the worker's agent does; in a process of its own."""
    rank.main = main
    agent.run(run_dir, world_size, None)


def main(run_dir: str, on_cuda: bool | None = None) -> None:
    """Train the plan on this rank."""
    torch.set_num_threads(1)  # the forkserver may have been started by another test
    folder = Path(run_dir)
    plan = read_plan(folder)
    assert isinstance(plan, TrainingPlan)
    with join_process_group(on_cuda=on_cuda) as world, Report(folder, writes=world.rank == 0) as report:
        seen = watched(world, plan, report)  # the model is gone before its process group
        (folder / f"rank-{world.rank}.json").write_text(json.dumps(seen))


def watched(world: ProcessGroup, plan: TrainingPlan, report: Report) -> dict[str, Any]:
    """Train the plan; what was applied at each step, the mean losses and the final weights."""
    job = training.Training(world, plan, report, load(plan, world.device))
    applied: list[tuple[float, float]] = []
    losses: list[float] = []
    take_step = job.learner.step

    def noted_step(step: int, seed: int) -> torch.Tensor:
        (group,) = job.learner.optimizer.param_groups
        applied.append((group["lr"], group["momentum"]))
        loss = take_step(step, seed)
        losses.append(float(world.average(loss.double())))
        return loss

    job.learner.step = noted_step  # type: ignore[method-assign]
    job.run()
    weights = torch.cat([parameter.detach().flatten() for parameter in job.learner.bare_model.parameters()])
    return {
        "applied": applied,
        "losses": losses,
        "weights": weights.tolist(),
        "digest": hashlib.sha256(weights.numpy().tobytes()).hexdigest(),
    }
