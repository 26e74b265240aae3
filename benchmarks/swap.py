"""SWAP against its own first phase, each of its ranks, and a first phase as long as both phases together.

Run: ``python benchmarks/swap.py [CIFAR.npz] [--datasets cifar] [--seeds 3] [--samples 10000] [--val-samples 2000]``,
where CIFAR.npz holds ``train_x``, ``test_x`` (uint8 NHWC) and ``train_y``, ``test_y``; without it digits alone are
trained on.

``resnet8`` on two ranks: phase 1 is 1cycle at a large global batch; in phase 2 each rank takes small batches over all
of the data, its rate falling to 0. ``longer`` is 1cycle at the large batch for as many samples as both phases took over
both ranks: the equal budget that the paper's comparison in wall time lacks. Accuracy on held-out data, medians over
seeds.

Expected, before any run: the average is above each rank and above phase 1, and ``longer`` lies close to it, on either
side.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jobs.spec.resolved import resolve

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from jobs.spec.conditions import Conditions
from jobs.spec.job import TrainSpec
from worker.rundir.plan import TrainingPlan
from worker.rundir.report import Report
from worker.train.data.registry import load
from worker.train.data.splits import Data, Split, place
from worker.train.loops.training import Training
from worker.train.process_group import ProcessGroup, join_process_group

RANKS = 2
# Large batch, its peak and epochs; small batch of a rank, its rate and epochs.
SETTINGS: dict[str, dict[str, Any]] = {
    "digits": {"large": 256, "max_lr": 0.4, "epochs": 8, "small": 32, "lr": 0.05, "rank_epochs": 2},
    "cifar": {"large": 512, "max_lr": 0.6, "epochs": 8, "small": 64, "lr": 0.05, "rank_epochs": 2},
}


def plan_of(dataset: str, seed: int, *, swaps: bool) -> TrainingPlan:
    chosen = SETTINGS[dataset]
    conditions = Conditions.model_validate({
        "model": {"name": "resnet8"}, "dataset": {"name": "digits"}, "world_size": RANKS,
        "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4},
        "global_batch_size": chosen["large"], "augmentation": "crop_flip" if dataset == "cifar" else "none",
    })  # fmt: skip
    refined = RANKS * chosen["rank_epochs"]
    spec: dict[str, Any] = {
        "kind": "train", "conditions": conditions.model_dump(), "seed": seed,
        "epochs": float(chosen["epochs"] + (0 if swaps else refined)),
        "schedule": {"name": "one_cycle", "max_lr": chosen["max_lr"]},
    }  # fmt: skip
    if swaps:
        schedule = {"name": "linear", "lr": chosen["lr"]}
        spec["swap"] = {
            "schedule": schedule, "epochs": float(chosen["rank_epochs"]), "batch_size": chosen["small"]
        }  # fmt: skip
    asked = TrainSpec.model_validate(spec)
    return TrainingPlan(
        spec=asked,
        resolved=resolve(asked),
        checkpoint_interval_s=1e9,
        collective_timeout_s=600.0,
        resident_bytes=1 << 40,
    )


def data_of(dataset: str, options: argparse.Namespace) -> Data:
    if dataset == "digits":
        return load(plan_of("digits", 0, swaps=False), torch.device("cpu"))
    with np.load(options.cifar) as arrays:
        splits = [
            Split(
                torch.from_numpy(arrays[f"{part}_x"][:count]).permute(0, 3, 1, 2).contiguous(),
                torch.from_numpy(arrays[f"{part}_y"][:count]).long(),
            )
            for part, count in (("train", options.samples), ("test", options.val_samples))
        ]
    return place(splits[0], splits[1], torch.device("cpu"))


def trained(world: ProcessGroup, plan: TrainingPlan, data: Data) -> tuple[dict[str, Any], float]:
    """The result of a training, as rank 0 reports it, and its seconds."""
    with (
        tempfile.TemporaryDirectory(prefix="clr-swap-") as folder,
        Report(Path(folder), writes=world.rank == 0) as report,
    ):
        begun = time.perf_counter()
        Training(world, plan, report, data).run()
        seconds = time.perf_counter() - begun
        lines = (Path(folder) / "report.jsonl").read_text().splitlines() if report.writes else ['{"result": {}}']
    return json.loads(lines[-1])["result"], seconds


def row_of(world: ProcessGroup, dataset: str, data: Data, seed: int) -> dict[str, Any]:
    """One seed: accuracies and seconds."""
    swapped, swap_s = trained(world, plan_of(dataset, seed, swaps=True), data)
    longer, longer_s = trained(world, plan_of(dataset, seed, swaps=False), data)
    if world.rank > 0:
        return {}
    found = swapped["swap"]
    return {
        "seed": seed, "phase_1": found["phase_1"]["val_accuracy"],
        "ranks": [each["val_accuracy"] for each in found["ranks"]], "average": found["average"]["val_accuracy"],
        "longer": longer["final"]["val_accuracy"], "swap_s": round(swap_s, 1), "longer_s": round(longer_s, 1),
    }  # fmt: skip


def rank(options: argparse.Namespace) -> None:
    """One rank: prints the rows, if it is rank 0."""
    with join_process_group() as world:
        for dataset in options.datasets or (("digits", "cifar") if options.cifar else ("digits",)):
            data = data_of(dataset, options)
            for seed in range(options.seeds):
                row = row_of(world, dataset, data, seed)
                if world.rank == 0:
                    print(json.dumps({"dataset": dataset, **row}), flush=True)


def table(dataset: str, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Print the rows of a dataset; medians over seeds."""
    columns = {
        "phase 1": [row["phase_1"] for row in rows],
        "best rank": [max(row["ranks"]) for row in rows],
        "average": [row["average"] for row in rows],
        "longer": [row["longer"] for row in rows],
    }
    print(f"{dataset}, accuracy on held-out data, {len(rows)} seeds")
    for name, values in columns.items():
        each = "  ".join(f"{value:.4f}" for value in values)
        print(f"  {name:10} median {statistics.median(values):.4f}   seeds {each}")
    print(f"  seconds: SWAP {[row['swap_s'] for row in rows]}, longer {[row['longer_s'] for row in rows]}")
    return {name.replace(" ", "_"): round(statistics.median(values), 4) for name, values in columns.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar", nargs="?", help="CIFAR-10 as .npz")
    parser.add_argument("--datasets", nargs="+", choices=SETTINGS, help="some of them only")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=10_000, help="CIFAR-10 images to train on")
    parser.add_argument("--val-samples", type=int, default=2_000, help="CIFAR-10 images to evaluate on")
    parser.add_argument("--rank", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rank:
        rank(options)
        return
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={RANKS}", __file__,
        *sys.argv[1:], "--rank",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "GLOO_SOCKET_IFNAME": "lo"}
    rows: dict[str, list[dict[str, Any]]] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as ranks:
        for line in ranks.stdout or ():
            row = json.loads(line)
            rows.setdefault(row.pop("dataset"), []).append(row)
            print(row, file=sys.stderr, flush=True)
    if ranks.returncode:
        raise SystemExit(ranks.returncode)
    print(json.dumps({name: table(name, found) for name, found in rows.items()}))


if __name__ == "__main__":
    main()
