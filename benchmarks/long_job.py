"""Memory of one long job: RSS of its rank and of the worker that supervises it, at step 1,000 and at the end.

Run: ``python benchmarks/long_job.py [--steps 20000]``. The job observes gradient norms and is evaluated at every epoch,
so that everything that could accumulate in memory does. Shared pages count in every process that has them.
"""

import argparse
import json
import tempfile
import time

import psutil

from clr_client.client import Client
from local_stack.stack import Stack

FIRST_LOOK = 1000
CONDITIONS = {
    "model": {"name": "mlp"}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
    "world_size": 1, "global_batch_size": 64,
}  # fmt: skip


def rank_of(stack: Stack) -> psutil.Process:
    """The process of the only rank: the worker starts the forkserver, which forks the agent, which forks the rank."""
    worker = psutil.Process(stack.pids()["worker"])
    (rank,) = [process for process in worker.children(recursive=True) if worker in process.parents()[2:3]]
    return rank


def mib(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 2**20, 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20_000)
    steps = parser.parse_args().steps
    looks: list[tuple[int, float, float]] = []
    with (
        tempfile.TemporaryDirectory(prefix="clr-") as folder,
        Stack(f"{folder}/data", port=0, slots=1, extra_env={"CLR_CHECKPOINT_INTERVAL_S": "2"}) as stack,
        Client(stack.url) as client,
    ):
        job_id = client.submit({
            "kind": "train", "conditions": CONDITIONS, "schedule": {"name": "one_cycle", "max_lr": 0.1},
            "steps": steps, "observe": {"gradient_norm": True},
        })["id"]  # fmt: skip
        worker = psutil.Process(stack.pids()["worker"])
        while client.job(job_id)["progress"]["step"] < FIRST_LOOK:
            time.sleep(0.05)
        rank = rank_of(stack)
        started = time.monotonic()
        while not (job := client.job(job_id))["is_terminal"]:
            try:
                looks.append((job["progress"]["step"], mib(rank), mib(worker)))
            except psutil.NoSuchProcess:  # the rank ended after the job was read
                break
            print(looks[-1])
            time.sleep(2.0 if len(looks) > 1 else 0.2)
        job = client.wait(job_id, timeout_s=60)
        assert job["status"] == "succeeded", job["error"]
        evaluations = client.curves(job_id, ["val_loss"], max_points=20_000)["series"][0]
    first, last = looks[0], looks[-1]
    print(
        json.dumps({
            "steps": steps, "evaluations": len(evaluations["x"]), "seconds": round(time.monotonic() - started, 1),
            "first_look_step": first[0], "last_look_step": last[0],
            "rank_rss_mib": [first[1], last[1]], "worker_rss_mib": [first[2], last[2]],
            "rank_growth_mib": round(last[1] - first[1], 2), "worker_growth_mib": round(last[2] - first[2], 2),
        })
    )  # fmt: skip


if __name__ == "__main__":
    main()
