"""2,000 queued jobs through two workers, and 200 event streams at once.

First: 2,000 trainings of one step are queued and run by two workers of two slots each, one API and a Valkey, on SQLite.
While they run the list of the queue is asked for, four times a second; before, the same with nothing to do. Memory of
API and workers is read after every 100 jobs: a process that warms up grows in the first half, one that leaks in the
second, too. Then: ``clr up`` with a long job and 200 open streams of it gets a SIGINT.

    python benchmarks/load.py [--jobs 2000] [--streams 200]      # about ten minutes on two idle cores

Aims: all jobs end; list_p95_ms below 100; rss_kib_a_job of the second half below 1; sigint_s below 5.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

import psutil

from clr_client.client import Client
from clr_client.errors import ClrError
from clr_client.transport.addresses import free_port
from local_stack.child_process import Child
from local_stack.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
WORKERS, SLOTS = 2, 2
READ_EVERY = 100  # jobs after which memory is read
ASK_EVERY_S = 0.25
IDLE_REQUESTS = 40
SPEC: dict[str, Any] = {
    "kind": "train",
    "conditions": {
        "model": {"name": "mlp"}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
        "world_size": 1, "global_batch_size": 128,
    },
    "schedule": {"name": "constant", "lr": 0.1},
    "steps": 1,
}  # fmt: skip


def parts(folder: Path, stack: ExitStack) -> tuple[str, list[Child]]:
    """A Valkey, one API and two workers; the API's address, and API and workers."""
    environment = {**os.environ, "CLR_DATA_DIR": str(folder), "CLR_SLOTS": str(SLOTS), "PYTHONPATH": str(ROOT)}
    (folder / "logs").mkdir()
    python = [sys.executable, "-P", "-m"]
    subprocess.run([*python, "migrations"], env=environment, check=True, stdout=subprocess.DEVNULL)
    valkey = Valkey(environment, folder / "logs")
    environment["CLR_BROKER_URL"] = valkey.url
    port = free_port("127.0.0.1")
    children = [Child("api", [*python, "api", "--port", str(port)], environment, folder / "logs")]
    for number in range(WORKERS):
        own = {**environment, "CLR_WORKER_NAME": f"w{number}"}
        children.append(Child(f"worker-{number}", [*python, "worker"], own, folder / "logs"))
    for child in (valkey.child, *children):
        child.start()
        stack.callback(child.stop, 10.0, Event())
    return f"http://127.0.0.1:{port}", children


def wait_until_ready(client: Client) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            client.ready()
        except ClrError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return


def ask(client: Client) -> float:
    """Seconds of one request for the queue."""
    begun = time.perf_counter()
    client.jobs(status="queued", limit=50)
    return time.perf_counter() - begun


def resident_mib(children: list[Child]) -> dict[str, float]:
    return {child.name: round(psutil.Process(child.pid).memory_info().rss / 2**20, 1) for child in children}


def queue(jobs: int) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clr-load-")))
        url, children = parts(folder, stack)
        client = stack.enter_context(Client(url, timeout_s=60))
        wait_until_ready(client)
        client.wait(client.submit(SPEC)["id"], timeout_s=60)
        idle = [ask(client) for _ in range(IDLE_REQUESTS)]
        begun = time.monotonic()
        ids = [client.submit(SPEC)["id"] for _ in range(jobs)]
        print(f"{jobs} jobs submitted in {time.monotonic() - begun:.1f} s", flush=True)
        busy, ended, memory = [], 0, {0: resident_mib(children)}
        while client.jobs(status="queued", limit=1)["data"] or client.jobs(status="running", limit=1)["data"]:
            busy.append(ask(client))
            while ended < jobs and client.job(ids[ended])["is_terminal"]:  # about in the order of their ids
                ended += 1
            if ended >= len(memory) * READ_EVERY:
                memory[ended] = resident_mib(children)
                print(f"after {ended} jobs, memory in MiB: {memory[ended]}", flush=True)
            time.sleep(ASK_EVERY_S)
        seconds = time.monotonic() - begun
        memory[jobs] = resident_mib(children)
        lost = [job_id for job_id in ids if client.job(job_id)["status"] != "succeeded"]
        print(f"all ended after {seconds:.0f} s, {len(lost)} not succeeded; memory in MiB: {memory[jobs]}")
    p95 = [statistics.quantiles(times, n=20)[-1] * 1e3 for times in (idle, busy)]
    return {
        "jobs": jobs, "not_succeeded": len(lost), "seconds": round(seconds, 1), "list_p95_idle_ms": round(p95[0], 1),
        "list_p95_ms": round(p95[1], 1), "rss_mib": memory[jobs], "rss_kib_a_job": growth(memory),
    }  # fmt: skip


def growth(memory: dict[int, dict[str, float]]) -> dict[str, list[float]]:
    """By which each process grew in the first and in the second half, in KiB for each job of all processes."""
    first, *_, last = memory
    middle = min(memory, key=lambda ended: abs(ended - last / 2))
    return {
        name: [
            round((memory[end][name] - memory[start][name]) * 1024 / max(end - start, 1), 2)
            for start, end in ((first, middle), (middle, last))
        ]
        for name in memory[last]
    }  # fmt: skip


def streams(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="clr-load-") as name:
        port = free_port("127.0.0.1")
        command = [sys.executable, "-m", "clr_cli", "up", "--port", str(port), "--data-dir", f"{name}/data"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        log = Path(name) / "up.log"
        with log.open("wb") as output:
            up = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        with Client(f"http://127.0.0.1:{port}") as client:
            wait_until_ready(client)
            job_id = client.submit({**SPEC, "steps": 500_000})["id"]
            request = (
                f"GET /v1/jobs/{job_id}/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n"
            )
            opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
            for each in opened:
                each.sendall(request.encode())
            heard = sum(each.recv(65536).startswith(b"HTTP/1.1 200") for each in opened)
            time.sleep(3)
            alive = ask(client)
        begun = time.monotonic()
        up.send_signal(signal.SIGINT)
        status = up.wait(60)
        seconds = time.monotonic() - begun
        for each in opened:
            each.close()
        print(f"{heard} of {count} streams heard; a request beside them took {alive * 1e3:.0f} ms; status {status}")
    return {"streams": heard, "sigint_s": round(seconds, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--streams", type=int, default=200)
    asked = parser.parse_args()
    result = streams(asked.streams)
    print(json.dumps(result), flush=True)
    print(json.dumps(result | queue(asked.jobs)))


if __name__ == "__main__":
    main()
