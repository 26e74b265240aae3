"""From a metric that rank 0 has written to the event stream that has it.

One training of resnet8 on two ranks. A thread follows the report of rank 0 and notes when each step stood there first
(it looks every 2 ms); another reads the job's event stream over HTTP and notes when the job's progress was past the
step. The latency of a step is the time between the two; steps of the report's last line count too.

    python benchmarks/live_latency.py [--steps 600]

Aim: live_latency_p95_s below 1.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from clr_client.client import Client
from local_stack.stack import Stack

LOOK_EVERY_S = 0.002
SPEC: dict[str, Any] = {
    "kind": "train",
    "conditions": {
        "model": {"name": "resnet8"}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
        "world_size": 2, "global_batch_size": 128,
    },
    "schedule": {"name": "one_cycle", "max_lr": 0.1},
}  # fmt: skip


def follow_report(folder: Path, written: dict[int, float], ended: threading.Event) -> None:
    """Note when each count of finished steps stood in the report."""
    report = folder / "attempt-1" / "report.jsonl"
    while not report.exists() and not ended.is_set():
        time.sleep(LOOK_EVERY_S)
    with report.open() as lines:
        rest = ""
        while not ended.is_set():
            rest += lines.read()
            now = time.perf_counter()
            *whole, rest = rest.split("\n")
            for line in whole:
                document = json.loads(line)
                if document["type"] == "points":
                    written.setdefault(document["done"], now)
            time.sleep(LOOK_EVERY_S)


def follow_stream(url: str) -> Iterator[tuple[int, float]]:
    """Progress as the event stream tells it, and when."""
    with httpx2.stream("GET", url, timeout=60, headers={"Accept": "text/event-stream"}) as response:
        for message in httpx2.EventSource(response):
            if message.event == "job":
                document = json.loads(message.data)
                yield document["progress"]["step"], time.perf_counter()
                if document["is_terminal"]:
                    assert document["status"] == "succeeded", document["error"]
                    return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600)
    steps = parser.parse_args().steps
    written: dict[int, float] = {}
    ended = threading.Event()
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), port=0, slots=2) as stack:
        with Client(stack.url) as client:
            client.wait(client.submit(SPEC | {"steps": 4})["id"])  # the forkserver is warm
            job_id = client.submit(SPEC | {"steps": steps})["id"]
        reader = threading.Thread(target=follow_report, args=(Path(folder) / "runs" / job_id, written, ended))
        reader.start()
        seen = list(follow_stream(f"{stack.url}/v1/jobs/{job_id}/events"))
        ended.set()
        reader.join()
    latencies = sorted(next(at for done, at in seen if done >= step) - since for step, since in written.items())
    print(f"{len(latencies)} lines of the report, {len(seen)} snapshots on the stream")
    figures = {
        "live_latency_p50_s": round(statistics.median(latencies), 3),
        "live_latency_p95_s": round(statistics.quantiles(latencies, n=20)[-1], 3),
        "live_latency_max_s": round(latencies[-1], 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
