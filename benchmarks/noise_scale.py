"""What measuring the gradient noise scale adds to a step, on two ranks of one thread.

Run: ``python benchmarks/noise_scale.py [--pairs N]``.

Blocks of steps with and without measuring take turns, in an order that turns round with each pair, so that a busy
machine slows both. A figure is the median over pairs of with / without, less 1: of CPU seconds of the rank, which
others on the machine hardly move, and of wall time, which they do. ``every_1`` measures at every step, ``every_10`` at
every tenth, as a training does that is not told otherwise.

Aim: every_10 below 0.02 in CPU seconds.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from clr_core.schedules import constant_batch_size
from jobs.spec.conditions import Conditions
from jobs.spec.training import NoiseScale
from worker.train.data.splits import Data, Split, measure
from worker.train.process_group import ProcessGroup, join_process_group
from worker.train.step.learner import Learner
from worker.train.step.noise_scale import NoiseMeter
from worker.train.step.step_metrics import gradient_norm

RANKS, BATCH = 2, 128
MODELS = {"mlp": (1, 8, 200), "resnet8": (1, 8, 30), "resnet20": (3, 32, 10)}  # channels, pixels, steps in a block


def conditions_of(model: str) -> Conditions:
    return Conditions.model_validate(
        {
            "model": {"name": model}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
            "world_size": RANKS, "global_batch_size": BATCH,
        }
    )  # fmt: skip


def data_of(channels: int, pixels: int) -> Data:
    inputs = torch.randn(8 * BATCH, channels, pixels, pixels, generator=torch.Generator().manual_seed(0))
    split = Split(inputs, torch.arange(len(inputs)) % 10)
    return Data(split, split, measure(split), 10)


def block(learner: Learner, meter: NoiseMeter | None, steps: range) -> tuple[float, float]:
    """Take some steps; CPU and wall seconds of them."""
    cpu, wall = time.process_time(), time.perf_counter()
    for step in steps:
        watched = meter if meter is not None and meter.is_due(step) else None
        with nullcontext() if watched is None else watched.measured():
            learner.step(step, 0)
        if watched is not None:
            watched.squares(step, gradient_norm(learner.bare_model))
    return time.process_time() - cpu, time.perf_counter() - wall


def overhead(world: ProcessGroup, model: str, every: int, pairs: int) -> dict[str, float]:
    channels, pixels, length = MODELS[model]
    length = max(length, every) // every * every
    conditions = conditions_of(model)
    learner = Learner(world, data_of(channels, pixels), conditions, seed=0, lr=1e-3)
    meter = NoiseMeter(NoiseScale(every=every), learner.bare_model, conditions, constant_batch_size(BATCH))
    block(learner, meter, range(length))
    ratios: list[tuple[float, float]] = []
    for number in range(pairs):
        steps, order = range((number + 1) * length, (number + 2) * length), (None, meter)
        first, second = (block(learner, one, steps) for one in (order if number % 2 else order[::-1]))
        plain, measured = (first, second) if number % 2 else (second, first)
        ratios.append((measured[0] / plain[0], measured[1] / plain[1]))
    cpu, wall = (statistics.median(column) - 1 for column in zip(*ratios, strict=True))
    return {"cpu": round(cpu, 4), "wall": round(wall, 4)}


def rank(pairs: int) -> None:
    """One rank: prints the figures, if it is rank 0."""
    with join_process_group() as world:
        figures = {}
        for model, every in itertools.product(MODELS, (1, 10)):
            figures[f"{model}_every_{every}"] = found = overhead(world, model, every, pairs)
            if world.rank == 0:
                print(f"{model}, every {every}: {found}", file=sys.stderr, flush=True)
        if world.rank == 0:
            print(json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=21)
    parser.add_argument("--rank", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rank:
        rank(options.pairs)
        return
    command: list[Any] = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={RANKS}", __file__,
        "--rank", "--pairs", str(options.pairs),
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    print(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
