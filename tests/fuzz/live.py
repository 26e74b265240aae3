"""A real API process to be fuzzed, and schemathesis against it."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from jobs.database.session import Database
from migrations.run import upgrade

ADMIN_KEY = "a-key-for-tests-that-is-long-enough"
# Many requests come from one address and one key, and no worker takes the jobs away.
GENEROUS = {"CLR_RATE_PER_S": "100000", "CLR_RATE_BURST": "1000000", "CLR_MAX_UNFINISHED_JOBS": "1000000"}
# Rules between fields (a batch that the world size divides, a schedule that fits into its steps) cannot be said in JSON
# Schema, so a request that the schema allows may be a 422.
EXCLUDED_CHECKS = "positive_data_acceptance"
# Says 503, rightly: there is neither broker nor worker.
EXCLUDED_PATH = "/readyz"
_COUNT = re.compile(r'^clr_http_request_seconds_count\{.*route="([^"]*)",status="(\d+)"\} ([\d.]+)', re.MULTILINE)


@dataclass(frozen=True)
class Fuzzed:
    """What came of a run."""

    status: int
    output: str
    requests: int
    server_errors: int


@contextmanager
def serving(**extra_env: str) -> Iterator[str]:
    """URL of an API process of its own that asks for keys, on SQLite; it and its folder go away at the end."""
    with tempfile.TemporaryDirectory(prefix="clr-fuzz-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLR_")}
        environment |= {"CLR_DATA_DIR": folder, "CLR_ADMIN_KEY": ADMIN_KEY, "CLR_BROKER_URL": "redis://127.0.0.1:1/0"}
        database = Database(f"sqlite:///{folder}/clr.sqlite3")
        upgrade(database)
        database.close()
        port = free_port()
        command = [sys.executable, "-m", "api", "--port", str(port)]
        with Path(folder, "api.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment | GENEROUS | extra_env, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(url, process)
            yield url
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            httpx2.get(f"{url}/healthz", trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(url)


def fuzz(url: str, *, key: str | None, examples: int, max_time_s: int | None, seed: int) -> Fuzzed:
    """Run schemathesis with all its checks but the excluded one, and count what the server saw.

    Without a time the run has its fixed part only: examples, and the edges of every parameter and field.
    """
    phases = "examples,coverage" if max_time_s is None else "examples,coverage,fuzzing,stateful"
    before = counts(url)
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--checks", "all",
        "--exclude-checks", EXCLUDED_CHECKS, "--exclude-path", EXCLUDED_PATH, "--max-examples", str(examples),
        "--seed", str(seed), "--no-color", "--continue-on-failure",
        "--generation-database", "none", "--phases", phases,
    ]  # fmt: skip
    if max_time_s is not None:
        command += ["--max-time", str(max_time_s)]
    if key is not None:
        command += ["--header", f"Authorization: Bearer {key}"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("hooks.py"))}
    with tempfile.TemporaryDirectory(prefix="clr-fuzz-") as folder:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    after = counts(url)
    return Fuzzed(done.returncode, done.stdout + done.stderr, after[0] - before[0], after[1] - before[1])


def counts(url: str) -> tuple[int, int]:
    """Requests that were answered, and those of them that were answered with 5xx."""
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    text = httpx2.get(f"{url}/metrics", headers=headers, trust_env=False).text
    found = [(route, int(status), int(float(count))) for route, status, count in _COUNT.findall(text)]
    answered = [(status, count) for route, status, count in found if route != EXCLUDED_PATH]
    return sum(count for _, count in answered), sum(count for status, count in answered if status >= 500)
