"""Wall time of a range test of three replicas with three slots against one, through the service, and the answers.

Two stacks at once, jobs with the same seeds in turn on one and the other, the first of each to warm up. Seconds are
those from the start of the attempt to its end, as the job's document has them; bounds and curves must be equal to the
bit.  Run: ``python -m benchmarks.replicas [--rounds 3] [--model resnet8]``; about a minute on two idle cores.  The
ratio depends on the cores that are idle: three groups of one rank on two cores can gain a factor 2 at most.
"""

import argparse
import json
import os
import statistics
import tempfile
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from clr_client.client import Client
from local_stack.stack import Stack

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


def measure(spec: dict[str, Any], rounds: int) -> tuple[dict[int, list[float]], bool]:
    """Seconds by slots, round by round in turn, and whether all answers are the same."""
    seconds: dict[int, list[float]] = {1: [], REPLICAS: []}
    answers = []
    with ExitStack() as opened:
        clients = {}
        for slots in seconds:
            folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="clr-"))
            stack = opened.enter_context(Stack(f"{folder}/data", port=0, slots=slots, start_timeout_s=300.0))
            clients[slots] = opened.enter_context(Client(stack.url))
        for number in range(rounds + 1):
            for slots, client in clients.items():
                took, answer = run(client, spec)
                answers.append(answer)
                if number:  # the first is for warming up
                    seconds[slots].append(took)
                    print(f"round {number}, {slots} slots: {took:.2f} s", flush=True)
    return seconds, all(answer == answers[0] for answer in answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--model", default="resnet8")
    options = parser.parse_args()
    spec = spec_of(options.model, options.steps)
    seconds, same = measure(spec, options.rounds)
    one, three = (statistics.median(seconds[slots]) for slots in (1, REPLICAS))
    print(json.dumps({
        "model": options.model, "steps": options.steps, "replicas": REPLICAS, "rounds": options.rounds,
        "cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 1), "seconds_1_slot": seconds[1],
        "seconds_3_slots": seconds[REPLICAS], "ratio": round(one / three, 3), "same_to_the_bit": same,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
