"""Wall time of a range test of three replicas with three slots against one, through the service, and the answers.

One stack after the other, each with one warm-up job; then ROUNDS jobs with the same seeds. Seconds are those from the
start of the attempt to its end, as the job's document has them; bounds and curves must be equal to the bit.
Run: ``python benchmarks/replicas.py [--rounds 3] [--model resnet8]``; about a minute on two idle cores.  The ratio
depends on the cores that are idle: three groups of one rank on two cores can gain a factor 2 at most.
"""

import argparse
import json
import os
import statistics
import tempfile
from datetime import datetime
from typing import Any

from client.client import Client
from client.stack import Stack

REPLICAS = 3


def spec_of(model: str, steps: int) -> dict[str, Any]:
    return {
        "kind": "lr_find",
        "conditions": {
            "model": {"name": model}, "dataset": {"name": "digits"}, "world_size": 1, "global_batch_size": 128,
            "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4},
        },
        "range_test": {"start_lr": 1e-6, "end_lr": 10.0, "steps": steps, "replicas": REPLICAS},
    }  # fmt: skip


def run(client: Client, spec: dict[str, Any]) -> tuple[float, Any]:
    """Seconds of the attempt, and what came out."""
    job = client.wait(client.submit(spec)["id"], timeout_s=1200)
    assert job["status"] == "succeeded", job["error"]
    (attempt,) = job["attempts"]
    began, ended = (datetime.fromisoformat(attempt[name]) for name in ("started_at", "finished_at"))
    bounds = {key: value for key, value in client.bounds(job["id"]).items() if key not in {"job_id", "use"}}
    curves = client.curves(job["id"], ["train_loss", "lr"], max_points=20_000)["series"]
    return (ended - began).total_seconds(), (bounds, curves)


def measure(slots: int, spec: dict[str, Any], rounds: int) -> tuple[list[float], Any]:
    with (
        tempfile.TemporaryDirectory(prefix="clr-") as name,
        Stack(f"{name}/data", port=0, slots=slots) as stack,
        Client(stack.url) as client,
    ):
        _, answer = run(client, spec)
        found = [run(client, spec) for _ in range(rounds)]
    assert all(one == answer for _, one in found), "the same spec gave another answer"
    return [seconds for seconds, _ in found], answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--model", default="resnet8")
    options = parser.parse_args()
    spec = spec_of(options.model, options.steps)
    table, answers = {}, []
    for slots in (1, REPLICAS):
        table[slots], answer = measure(slots, spec, options.rounds)
        answers.append(answer)
        print(f"{slots} slots: median {statistics.median(table[slots]):.2f} s of {table[slots]}", flush=True)
    one, three = (statistics.median(table[slots]) for slots in (1, REPLICAS))
    print(json.dumps({
        "model": options.model, "steps": options.steps, "replicas": REPLICAS, "rounds": options.rounds,
        "cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 1), "seconds_1_slot": table[1],
        "seconds_3_slots": table[REPLICAS], "ratio": round(one / three, 3), "same_to_the_bit": answers[0] == answers[1],
    }))  # fmt: skip


if __name__ == "__main__":
    main()
