"""Run under torch.distributed.run: trains a plan and writes what this rank really applied and ended with."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import torch

from worker.train import training
from worker.train.datasets import load
from worker.train.plan import Plan
from worker.train.report import Report
from worker.train.world import World, joined_world


def main(folder: Path) -> None:
    plan = Plan.read(folder / "plan.json")
    with joined_world() as world, Report(folder, writes=world.rank == 0) as report:
        seen = watched(world, plan, report)  # the model is gone before its process group
        (folder / f"rank-{world.rank}.json").write_text(json.dumps(seen))


def watched(world: World, plan: Plan, report: Report) -> dict[str, Any]:
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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
