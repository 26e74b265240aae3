"""Samples a second of a training's inner loop against other loops: same model, data, batch, precision and threads.

Run: ``python benchmarks/throughput.py [CIFAR.npz] [--rounds N] [--seconds S]``, where CIFAR.npz holds ``train_x``
(uint8 NHWC) and ``train_y``; without it there are figures for digits only. Ours is the `Training` that ranks run, with
metrics, schedule, evaluations (of 64 samples) and checkpoints on. Loops take turns in every round; a figure is the
median over rounds of ours / theirs in samples a second, so above 1 ours is faster; null where a peer is not installed.

``ddp_speedup_2``: resnet20 at 32 x 32 on two ranks of one thread against one rank, at the same global batch.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from jobs.spec.resolved import resolve

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch import distributed as dist

from benchmarks.throughput_peers import PEERS, installed
from jobs.spec.conditions import Conditions
from jobs.spec.job import TrainSpec
from worker.rundir.plan import TrainingPlan
from worker.rundir.report import Report
from worker.train.data.registry import load
from worker.train.data.splits import Data, Split, measure
from worker.train.loops.training import Training
from worker.train.models.registry import build_model
from worker.train.process_group import ProcessGroup, join_process_group

BATCHES = {"digits": (64, 22), "cifar": (128, 20)}  # batch size, batches in an epoch
VAL_SAMPLES = 64
CHECKPOINT_INTERVAL_S = 10.0
DDP_STEPS, DDP_BATCH, DDP_ROUNDS = 20, 128, 3


def plan_of(model: str, batch_size: int, world_size: int, steps: int) -> TrainingPlan:
    conditions = Conditions.model_validate({
        "model": {"name": model}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
        "world_size": world_size, "global_batch_size": batch_size,
    })  # fmt: skip
    spec = TrainSpec.model_validate({
        "kind": "train", "conditions": conditions.model_dump(), "steps": steps,
        "schedule": {"name": "one_cycle", "max_lr": 0.02},
    })  # fmt: skip
    return TrainingPlan(
        spec=spec,
        resolved=resolve(spec),
        checkpoint_interval_s=CHECKPOINT_INTERVAL_S,
        collective_timeout_s=600.0,
        resident_bytes=1 << 40,
    )


def data_of(name: str, cifar: str | None) -> Data:
    batch_size, batches = BATCHES[name]
    count = batch_size * batches
    if name == "digits":
        whole = load(plan_of("mlp", batch_size, 1, 10), torch.device("cpu"))
        train, val = whole.train, whole.val
    else:
        with np.load(str(cifar)) as arrays:
            images = torch.from_numpy(arrays["train_x"][: count + VAL_SAMPLES]).permute(0, 3, 1, 2).contiguous()
            labels = torch.from_numpy(arrays["train_y"][: count + VAL_SAMPLES]).long()
        train, val = Split(images, labels), Split(images[count:], labels[count:])
    train = Split(train.inputs[:count], train.targets[:count])
    return Data(train, Split(val.inputs[:VAL_SAMPLES], val.targets[:VAL_SAMPLES]), measure(train), 10)


def ours(world: ProcessGroup, data: Data, model: str, batch_size: int, steps: int) -> float:
    """Seconds of a whole training."""
    with tempfile.TemporaryDirectory() as folder, Report(Path(folder), writes=world.rank == 0) as report:
        training = Training(world, plan_of(model, batch_size, world.size, steps), report, data)
        begun = time.perf_counter()
        training.run()
        return time.perf_counter() - begun


def compare(
    world: ProcessGroup, data: Data, name: str, model: str, rounds: int, seconds: float
) -> dict[str, float | None]:
    batch_size, batches = BATCHES[name]
    inputs, labels = data.normalised(data.train.inputs), data.train.targets
    loops = installed()

    def fresh() -> torch.nn.Module:
        return build_model(plan_of(model, batch_size, 1, 10).conditions.model, data.shape, 10)

    warm = {peer: loop(fresh(), inputs, labels, batch_size, 1) for peer, loop in loops.items()}
    ours(world, data, model, batch_size, batches)
    epochs = max(round(seconds / warm["bare"]), 1)
    ratios: dict[str, list[float]] = {peer: [] for peer in loops}
    for number in range(rounds):
        order = ["ours", *loops]
        order = order[number % len(order) :] + order[: number % len(order)]
        took = {
            who: ours(world, data, model, batch_size, batches * epochs) if who == "ours"
            else loops[who](fresh(), inputs, labels, batch_size, epochs)
            for who in order
        }  # fmt: skip
        for peer in loops:
            ratios[peer].append(took[peer] / took["ours"])
    print(f"{model} on {name}: {epochs} epochs of {batches} x {batch_size}, {rounds} rounds", file=sys.stderr)
    for peer, found in ratios.items():
        print(f"  vs {peer}: {sorted(round(ratio, 3) for ratio in found)}", file=sys.stderr)
    return {
        f"{model}_{name}_vs_{peer}": round(statistics.median(ratios[peer]), 3) if peer in ratios else None
        for peer in PEERS
    }


def ddp_rank() -> None:
    """One rank of the DDP part: prints the seconds of a training, if it is rank 0."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(DDP_BATCH * 4, 3, 32, 32, generator=generator)
    split = Split(inputs, torch.arange(len(inputs)) % 10)
    data = Data(split, Split(inputs[:VAL_SAMPLES], split.targets[:VAL_SAMPLES]), measure(split), 10)
    with join_process_group() as world:
        ours(world, data, "resnet20", DDP_BATCH, 4)
        took = ours(world, data, "resnet20", DDP_BATCH, DDP_STEPS)
        if world.rank == 0:
            print(json.dumps({"seconds": took}))


def ddp_speedup() -> float:
    def seconds(ranks: int) -> float:
        command = [
            sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}", __file__,
            "--ddp-rank",
        ]  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return float(json.loads(done.stdout.strip().splitlines()[-1])["seconds"])

    found = [seconds(1) / seconds(2) for _ in range(DDP_ROUNDS)]
    print(f"2 ranks against 1: {sorted(round(ratio, 3) for ratio in found)}", file=sys.stderr)
    return round(statistics.median(found), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar", nargs="?", help="CIFAR-10 as .npz")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0, help="of the bare loop in a round")
    parser.add_argument("--ddp-rank", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ddp_rank:
        ddp_rank()
        return
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    store = torch.distributed.HashStore()  # type: ignore[attr-defined]
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    world = ProcessGroup(0, 1, torch.device("cpu"))
    figures: dict[str, Any] = {}
    for name in ("digits", "cifar"):
        data = data_of(name, options.cifar) if name == "digits" or options.cifar else None
        for model in ("cnn", "resnet8"):
            figures |= (
                {f"{model}_{name}_vs_{peer}": None for peer in PEERS} if data is None
                else compare(world, data, name, model, options.rounds, options.seconds)
            )  # fmt: skip
    dist.destroy_process_group()
    figures["ddp_speedup_2"] = ddp_speedup()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
