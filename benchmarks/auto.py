"""Training at ``max_lr: "auto"`` beside training at four times and at a tenth of the bounds, through the service.

For each of two conditions on digits (``resnet8`` with SGD, ``mlp`` with AdamW; two ranks): an ``lr_find`` of three
replicas gives the bounds; then 1cycle trainings at ``auto`` (each with a range test of its own), at ``max_lr`` x 4 and
at ``max_lr`` / 10, three seeds each.  A training that diverged counts as accuracy 0 and has no loss.
Run: ``python benchmarks/auto.py``; about four minutes on two idle cores.
"""

import json
import statistics
import tempfile
from typing import Any

from clr_client.client import Client
from local_stack.stack import Stack

SEEDS = (0, 1, 2)
EPOCHS = 8
RANGE_TEST = {"start_lr": 1e-6, "end_lr": 10.0, "steps": 100, "replicas": 3}
SHARED = {"dataset": {"name": "digits"}, "world_size": 2, "global_batch_size": 128}
CONDITIONS: dict[str, dict[str, Any]] = {
    "resnet8": {
        "model": {"name": "resnet8"}, "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4}, **SHARED,
    },
    "mlp_adamw": {"model": {"name": "mlp"}, "optimizer": {"name": "adamw", "weight_decay": 1e-2}, **SHARED},
}  # fmt: skip


def bounds_of(client: Client, conditions: dict[str, Any]) -> dict[str, Any]:
    job = client.submit({"kind": "lr_find", "conditions": conditions, "range_test": RANGE_TEST, "seed": 100})
    assert client.wait(job["id"], timeout_s=600)["status"] == "succeeded"
    return dict(client.bounds(job["id"]))


def trainings(client: Client, conditions: dict[str, Any], max_lr: float | str) -> list[dict[str, Any]]:
    spec = {"kind": "train", "conditions": conditions, "epochs": EPOCHS}
    spec["schedule"] = {"name": "one_cycle", "max_lr": max_lr}
    if max_lr == "auto":
        spec["range_test"] = RANGE_TEST
    jobs = [client.submit({**spec, "seed": seed})["id"] for seed in SEEDS]
    return [outcome(client.wait(job, timeout_s=1200)) for job in jobs]


def outcome(job: Any) -> dict[str, Any]:
    final = job["result"]["final"] if job["status"] == "succeeded" else {"val_loss": None, "val_accuracy": 0.0}
    assert job["status"] == "succeeded" or job["reason"] == "diverged", job["error"]
    return {"max_lr": job["resolved"]["max_lr"], **final}


def main() -> None:
    table: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory(prefix="clr-") as name,
        Stack(f"{name}/data", port=0, slots=2) as stack,
        Client(stack.url) as client,
    ):
        for label, conditions in CONDITIONS.items():
            document = bounds_of(client, conditions)
            max_lr = document["bounds"]["max_lr"]
            print(f"{label}: bounds {document['bounds']}, grade {document['confidence']['grade']}")
            table[label] = {}
            for arm, rate in (("auto", "auto"), ("times_4", 4 * max_lr), ("over_10", max_lr / 10)):
                found = trainings(client, conditions, rate)
                losses = [one["val_loss"] for one in found if one["val_loss"] is not None]
                accuracies = [one["val_accuracy"] for one in found]
                table[label][arm] = {
                    "max_lr": [round(one["max_lr"], 5) for one in found],
                    "accuracy_median": round(statistics.median(accuracies), 4),
                    "accuracies": [round(value, 4) for value in accuracies],
                    "val_losses": [round(value, 4) for value in losses],
                }
                print(f"  {arm:8} {table[label][arm]}", flush=True)
    print(json.dumps(table))


if __name__ == "__main__":
    main()
