"""Training at the bound that probes found beside training at the bound of the curves alone, through the service.

For each of two conditions on digits and each of three seeds: one ``lr_find`` with ``refine: "probe"``, which answers
with both bounds (that of the curves is what the same job says without probes); then 1cycle trainings at equal budget,
STEPS steps each, at the one and at the other, and a third at the bound of the curves with the steps that the probes
cost on top.  A training that diverged counts as accuracy 0.
Run: ``python -m benchmarks.probe [--steps 120] [--budget 1200]``; minutes on two idle cores.
"""

import argparse
import json
import os
import statistics
import tempfile
from typing import Any

from clr_client.client import Client
from local_stack.stack import Stack

SEEDS = (0, 1, 2)
RANGE_TEST = {"start_lr": 1e-6, "end_lr": 10.0, "steps": 100, "replicas": 3}
SHARED = {"dataset": {"name": "digits"}, "world_size": 1, "global_batch_size": 128}
SGD = {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4}
CONDITIONS: dict[str, dict[str, Any]] = {
    "mlp": {"model": {"name": "mlp"}, "optimizer": SGD, **SHARED},
    "cnn": {"model": {"name": "cnn"}, "optimizer": SGD, **SHARED},
}
ARMS = ("plain", "probe", "plain_longer")


def found(client: Client, conditions: dict[str, Any], budget: int, seed: int) -> Any:
    spec = {"kind": "lr_find", "conditions": conditions, "range_test": RANGE_TEST, "seed": 100 + seed}
    job = client.submit(spec | {"refine": "probe", "probe": {"rates": 8, "steps": budget}})
    assert client.wait(job["id"], timeout_s=3600)["status"] == "succeeded"
    return client.bounds(job["id"])


def trained(client: Client, conditions: dict[str, Any], max_lr: float, steps: int, seed: int) -> dict[str, Any]:
    schedule = {"name": "one_cycle", "max_lr": max_lr}
    spec = {"kind": "train", "conditions": conditions, "schedule": schedule, "steps": steps, "seed": seed}
    job = client.wait(client.submit(spec)["id"], timeout_s=3600)
    assert job["status"] == "succeeded" or job["reason"] == "diverged", job["error"]
    return job["result"]["final"] if job["status"] == "succeeded" else {"val_loss": None, "val_accuracy": 0.0}


def row(client: Client, conditions: dict[str, Any], options: argparse.Namespace, seed: int) -> dict[str, Any]:
    document = found(client, conditions, options.budget, seed)
    plain, probe = document["probe"]["range_test"]["bounds"]["max_lr"], document["bounds"]["max_lr"]
    cost = document["probe"]["steps_taken"]
    lengths = {"plain": (plain, options.steps), "probe": (probe, options.steps)}
    lengths["plain_longer"] = (plain, options.steps + cost)
    runs = {arm: trained(client, conditions, *lengths[arm], seed) for arm in ARMS}
    return {
        "seed": seed, "plain_max_lr": round(plain, 5), "probe_max_lr": round(probe, 5), "probe_steps": cost,
        "interval": [round(end, 5) for end in document["confidence"]["max_lr"].values()],
        "accuracy": {arm: round(run["val_accuracy"], 4) for arm, run in runs.items()},
        "val_loss": {arm: run["val_loss"] and round(run["val_loss"], 4) for arm, run in runs.items()},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--budget", type=int, default=1200)
    options = parser.parse_args()
    table: dict[str, Any] = {"steps": options.steps, "budget": options.budget, "cores": os.cpu_count()}
    with (
        tempfile.TemporaryDirectory(prefix="clr-") as name,
        Stack(f"{name}/data", port=0, slots=2, start_timeout_s=300.0) as stack,
        Client(stack.url) as client,
    ):
        for label, conditions in CONDITIONS.items():
            rows = []
            for seed in SEEDS:
                rows.append(row(client, conditions, options, seed))
                print(f"{label}: {rows[-1]}", flush=True)
            medians = {arm: statistics.median(each["accuracy"][arm] for each in rows) for arm in ARMS}
            table[label] = {"accuracy_medians": medians, "rows": rows}
    print(json.dumps(table))


if __name__ == "__main__":
    main()
