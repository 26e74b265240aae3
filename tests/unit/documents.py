"""Made-up documents in the shapes that the service answers with."""

import math
from typing import Any

JOB_ID = "job_" + "0" * 32
DATASET_ID = f"ds_{'5' * 32}"
DATASET = {
    "object": "dataset", "id": DATASET_ID, "name": "birds", "source": "uploaded", "format": "image_folder",
    "size_bytes": 1_234_567, "sha256": "ab" * 32, "task": "classification", "samples": 6000, "train_samples": None,
    "shape": [3, 32, 32], "dtype": "uint8", "classes": 10, "class_names": None, "targets": None, "use": {},
}  # fmt: skip
TABLE = DATASET | {
    "id": f"ds_{'6' * 32}",
    "shape": None,
    "classes": None,
    "targets": 1,
    "size_bytes": None,
    "sha256": None,
}


def range_test_curves(replicas: int = 3, steps: int = 100) -> dict[str, Any]:
    lrs = [10 ** (-6 + 7 * step / (steps - 1)) for step in range(steps)]
    return {
        "object": "curves",
        "job_id": JOB_ID,
        "x": "lr",
        "series": [_sweep(lrs, replica) for replica in range(replicas)],
    }


def _sweep(lrs: list[float], replica: int) -> dict[str, Any]:
    losses: list[float | None] = []
    for step, lr in enumerate(lrs[: 92 + replica]):
        fall = 2.0 / (1 + (lr / 0.03) ** -1.2)
        blow_up = (lr / 2.0) ** 3
        losses.append(2.35 - fall + blow_up + 0.06 * math.sin(1.7 * step + 2 * replica))
    losses[-1] = None
    return {"metric": "train_loss", "replica": replica, "x": lrs[: len(losses)], "y": losses, "nonfinite": []}


def bounds(**changes: Any) -> dict[str, Any]:
    document = {
        "object": "lr_bounds",
        "job_id": JOB_ID,
        "bounds": {"base_lr": 0.0041, "max_lr": 0.42},
        "confidence": {
            "grade": "high",
            "level": 0.9,
            "replicas": 3,
            "base_lr": {"low": 0.0033, "high": 0.0052},
            "max_lr": {"low": 0.35, "high": 0.55},
        },
        "method": "descent",
        "alternatives": [
            {"method": "steepest", "lr": 0.03},
            {"method": "valley", "lr": 0.055},
            {"method": "minimum_over_10", "lr": 0.061},
        ],
        "evidence": {
            "points": 276,
            "lr_range": [1e-6, 10],
            "loss_min": {"lr": 0.61, "loss": 0.4},
            "diverged_at": 2.9,
        },
        "valid_for": {"fingerprint": "sha256:0", "world_size": 2},
        "warnings": [{"code": "few_replicas", "message": "Three range tests say little about spread."}],
    }
    return document | changes


def training_curves(steps: int = 144) -> dict[str, Any]:
    every = list(range(steps))
    lr = [_one_cycle(step / (steps - 1), 0.04, 0.42) for step in every]
    ends = list(range(11, steps, 12))
    series = {
        "train_loss": (
            every,
            [2.3 * math.exp(-step / 25) + 0.08 + 0.05 * math.sin(2 * step) for step in every],
        ),
        "lr": (every, lr),
        "momentum": (every, [0.95 - 0.1 * value / 0.42 for value in lr]),
        "val_loss": (ends, [2.3 * math.exp(-step / 25) + 0.15 for step in ends]),
        "val_accuracy": (ends, [0.97 - 0.8 * math.exp(-step / 20) for step in ends]),
    }
    return {
        "object": "curves",
        "job_id": JOB_ID,
        "x": "step",
        "series": [{"metric": metric, "x": x, "y": y, "nonfinite": []} for metric, (x, y) in series.items()],
    }


def _one_cycle(part: float, foot: float, peak: float) -> float:
    if part > 0.9:
        return foot * (1 - part) * 10
    return foot + (peak - foot) * (1 - abs(part / 0.45 - 1))


def job(**changes: Any) -> dict[str, Any]:
    document = {
        "object": "job",
        "id": JOB_ID,
        "kind": "train",
        "status": "running",
        "is_terminal": False,
        "reason": None,
        "created_at": "2026-01-02T03:04:05.678Z",
        "progress": {
            "step": 35,
            "total_steps": 100,
            "epoch": 3.2,
            "fraction": 0.35,
            "eta_s": 61.0,
            "samples_per_s": 5120.4,
        },
        "latest": {"train_loss": 1.2, "val_accuracy": 0.53, "lr": 0.31, "momentum": 0.87},
        "spec": {"kind": "train", "name": "a name"},
        "attempt": 1,
        "error": None,
    }
    return document | changes


def spread(*values: float | None, runs: int = 3) -> dict[str, Any]:
    middle, low, high = values
    known = sum(value is not None for value in values)
    return {"median": middle, "low": low, "high": high, "runs": runs, "known": known}


def run(seed: int, **changes: Any) -> dict[str, Any]:
    return {
        "seed": seed, "job_id": f"job_{seed:032x}", "status": "succeeded", "reason": None, "error": None, "step": 60,
        "total_steps": 60,
    } | changes  # fmt: skip


def arm(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name, "steps": 60, "epochs": None, "max_lr": 0.4, "runs": [run(0), run(1), run(2)],
        "final": {"val_accuracy": spread(0.8, 0.7, 0.9)}, "steps_to_target": spread(50, 40, 60),
        "seconds_to_target": spread(5.0, 4.0, 6.0), "update_ratio": spread(8.1, 6.0, 9.0),
    } | changes  # fmt: skip
