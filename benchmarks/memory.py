"""Memory of the stack, idle, busy and over 100 jobs: RSS of each process, open files and threads.

Run: ``python benchmarks/memory.py``. Shared pages count in every process that has them.
"""

import json
import statistics
import tempfile
import time
from typing import Any

import psutil

from clr_client.client import Client
from local_stack.stack import Stack

JOBS = 100
CONDITIONS = {
    "model": {"name": "mlp"}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
    "world_size": 2, "global_batch_size": 128,
}  # fmt: skip


def training(steps: int) -> dict[str, Any]:
    schedule = {"name": "one_cycle", "max_lr": 0.1}
    return {"kind": "train", "conditions": CONDITIONS, "schedule": schedule, "steps": steps}


def name_of(process: psutil.Process, parts: dict[int, str]) -> str:
    if process.pid in parts:
        return parts[process.pid]
    line = " ".join(process.cmdline())
    if "resource_tracker" in line:
        return "resource_tracker"
    depth = next(index for index, parent in enumerate(process.parents()) if parent.pid in parts)
    return ("forkserver", "agent", "rank")[min(depth, 2)]


def look(stack: Stack) -> dict[str, dict[str, float]]:
    """RSS in MiB (mean where there are several), open files and threads by kind of process."""
    parts = {pid: name for name, pid in stack.pids().items()}
    found: dict[str, list[tuple[float, int, int]]] = {}
    for pid in parts:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            figures = (process.memory_info().rss / 2**20, process.num_fds(), process.num_threads())
            found.setdefault(name_of(process, parts), []).append(figures)
    return {
        name: {"rss_mib": round(statistics.mean(one[0] for one in all_), 1), "fds": all_[0][1], "threads": all_[0][2]}
        for name, all_ in found.items()
    }


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="clr-") as folder,
        Stack(f"{folder}/data", port=0, slots=2) as stack,
        Client(stack.url) as client,
    ):
        looks = {"idle": look(stack)}
        long = client.submit(training(1_000_000))["id"]
        while client.job(long)["progress"]["step"] < 500:
            time.sleep(0.05)
        looks["busy"] = look(stack)
        client.cancel(long)
        client.wait(long, timeout_s=30)
        for number in range(1, JOBS + 1):
            job = client.wait(client.submit(training(20))["id"], timeout_s=60)
            assert job["status"] == "succeeded", job["error"]
            if number in (10, JOBS):
                looks[f"after_{number}_jobs"] = look(stack)
    for when, figures in looks.items():
        print(when, json.dumps(figures))
    growth = {
        f"{name}_growth_mib": round(figures["rss_mib"] - looks["after_10_jobs"][name]["rss_mib"], 1)
        for name, figures in looks[f"after_{JOBS}_jobs"].items()
    }
    print(json.dumps({"idle_rss_mib": {name: each["rss_mib"] for name, each in looks["idle"].items()}, **growth}))


if __name__ == "__main__":
    main()
