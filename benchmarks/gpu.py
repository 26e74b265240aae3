"""ResNet-9 on CIFAR-10 images with bf16: samples a second, seconds of training and accuracy.

Run: ``python benchmarks/gpu.py CIFAR.npz [--epochs 10] [--steps N] [--batch-size 512] [--max-lr 0.4]``, where CIFAR.npz
holds ``train_x, test_x`` (uint8 NHWC) and ``train_y, test_y``. It runs the `Training` that a rank runs, 1cycle with
augmentation, on a CUDA device if there is one, else on the CPU, for a trial of a few ``--steps`` and
``--val-samples``. The accuracy is that of the last evaluation, on all test images unless asked otherwise.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jobs.spec.resolved import resolve

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch import distributed as dist

from jobs.spec.conditions import Conditions
from jobs.spec.job import TrainSpec
from worker.rundir.plan import TrainingPlan
from worker.rundir.report import Report
from worker.train.data.splits import Data, Split, measure
from worker.train.loops.training import Training
from worker.train.process_group import ProcessGroup


def cifar(path: str, device: torch.device, val_samples: int) -> Data:
    with np.load(path) as arrays:
        splits = [
            Split(
                torch.from_numpy(arrays[f"{part}_x"]).permute(0, 3, 1, 2).contiguous(),
                torch.from_numpy(arrays[f"{part}_y"]).long(),
            )
            for part in ("train", "test")
        ]
    val = Split(splits[1].inputs[:val_samples], splits[1].targets[:val_samples])
    return Data(splits[0].to(device), val.to(device), measure(splits[0]).to(device), 10)


def plan_of(options: Any) -> TrainingPlan:
    length = {"steps": options.steps} if options.steps else {"epochs": float(options.epochs)}
    conditions = Conditions.model_validate({
        "model": {"name": "resnet9"}, "dataset": {"name": "cifar10"},
        "optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4, "fused": True},
        "world_size": 1, "global_batch_size": options.batch_size, "precision": "bf16", "channels_last": True,
        "compile": options.compile, "augmentation": "crop_flip_cutout", "label_smoothing": 0.1,
    })  # fmt: skip
    spec = TrainSpec.model_validate({
        "kind": "train", "conditions": conditions.model_dump(), **length,
        "schedule": {"name": "one_cycle", "max_lr": options.max_lr},
    })  # fmt: skip
    return TrainingPlan(
        spec=spec,
        resolved=resolve(spec),
        checkpoint_interval_s=60.0,
        collective_timeout_s=600.0,
        resident_bytes=1 << 40,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar")
    parser.add_argument("--epochs", type=float, default=10)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--val-samples", type=int, default=10_000, help="test images to evaluate on")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--max-lr", type=float, default=0.4)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    on_cuda = torch.cuda.is_available()
    device = torch.device("cuda", 0) if on_cuda else torch.device("cpu")
    store = torch.distributed.HashStore()  # type: ignore[attr-defined]
    dist.init_process_group("nccl" if on_cuda else "gloo", store=store, rank=0, world_size=1)
    with tempfile.TemporaryDirectory() as folder, Report(Path(folder), writes=True) as report:
        training = Training(
            ProcessGroup(0, 1, device), plan_of(options), report, cifar(options.cifar, device, options.val_samples)
        )
        begun = time.perf_counter()
        training.run()
        if on_cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - begun
        steps, evaluation = training.length.total_steps, training.evaluation
    dist.destroy_process_group()
    print(json.dumps({
        "device": torch.cuda.get_device_name(0) if on_cuda else "cpu", "torch": torch.__version__, "steps": steps,
        "samples_per_s": round(steps * options.batch_size / seconds, 1), "seconds": round(seconds, 2),
        "val_accuracy": round(evaluation["val_accuracy"], 4),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
