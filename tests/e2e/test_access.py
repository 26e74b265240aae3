"""A stack that asks for keys: who may do what over real HTTP, what its ranks can learn, what its logs say."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from clr_client.client import Client
from clr_client.errors import ProblemError
from local_stack.stack import Stack
from tests.builders import train
from tests.e2e.conftest import running_stack

ADMIN_KEY = "an-admins-key-long-enough-to-count"
SECRETS = {
    "CLR_ADMIN_KEY": ADMIN_KEY, "CLR_LOG": "json", "AWS_SECRET_ACCESS_KEY": "aws-word", "SOME_DSN": "x://me:dsn-word@h"
}  # fmt: skip


def environments(pid: int) -> dict[int, str]:
    """What the kernel shows of every descendant's start: forkserver, agents, ranks."""
    found = {}
    for process in psutil.Process(pid).children(recursive=True):
        try:
            found[process.pid] = Path(f"/proc/{process.pid}/environ").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has just ended
    return found


def eventually(holds: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


def log_of(stack: Stack, part: str) -> list[dict[str, Any]]:
    lines = (stack.data_dir / "logs" / f"{part}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def assert_no_secrets(stack: Stack) -> None:
    seen = environments(stack.pids()["worker"])
    assert len(seen) >= 4  # forkserver, agent, two ranks; the resource tracker as well
    for word in ("aws-word", "dsn-word", ADMIN_KEY, "CLR_", "redis://"):
        assert [pid for pid, shown in seen.items() if word in shown] == [], word
    assert any("PATH=" in shown for shown in seen.values())
    for name, pid in stack.pids().items():  # as root, who sees what the kernel hides from ranks
        shown = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
        assert "PATH=" in shown or name == "valkey"  # which writes its title over it
        for word in ("aws-word", "dsn-word", ADMIN_KEY, "redis://"):
            assert word not in shown, name


def assert_logs(stack: Stack, job_id: str, secrets: list[str]) -> None:
    requests = [line for line in log_of(stack, "api") if line["logger"] == "api.access.requests"]
    assert all(re.fullmatch(r"[0-9a-f]{16}", line["request_id"]) for line in requests)
    audited = [line for line in log_of(stack, "api") if line["logger"] == "api.audit"]
    assert {"ada", "admin", None} <= {line["owner"] for line in audited}
    assert {401, 202} <= {line["status"] for line in audited}
    of_job = [line for line in log_of(stack, "worker") if job_id in line["message"]]
    assert of_job
    everything = "".join(path.read_text() for path in (stack.data_dir / "logs").iterdir())
    for secret in secrets:
        assert secret not in everything


def test_a_stack_with_keys_runs_jobs_for_those_who_have_one_and_tells_its_ranks_no_secret() -> None:
    with running_stack(extra_env=SECRETS) as stack:
        with Client(stack.url) as nobody, pytest.raises(ProblemError) as refused:
            nobody.jobs()
        assert (refused.value.status, refused.value.code) == (401, "key_required")
        with Client(stack.url, api_key=ADMIN_KEY) as admin:
            ada, bob = (admin.create_key(name, "submit") for name in ("ada", "bob"))
            with Client(stack.url, api_key=ada["key"]) as client, Client(stack.url, api_key=bob["key"]) as other:
                job_id = client.submit(train(steps=200_000))["id"]
                with pytest.raises(ProblemError) as hidden:
                    other.job(job_id)
                assert hidden.value.status == 404
                assert eventually(lambda: client.job(job_id)["progress"]["step"] > 0, timeout_s=60)
                assert_no_secrets(stack)
                client.cancel(job_id)
                assert client.wait(job_id, timeout_s=60)["status"] == "cancelled"
                admin.revoke_key(ada["id"])
                with pytest.raises(ProblemError) as ended:
                    client.jobs()
                assert ended.value.code == "invalid_key"
            assert admin.job(job_id)["status"] == "cancelled"
        assert_logs(stack, job_id, [ada["key"], bob["key"], ADMIN_KEY, "aws-word"])


def test_clr_up_for_other_machines_does_not_start_before_somebody_has_a_key(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLR_")}
    command = [sys.executable, "-m", "clr_cli", "up", "--host", "0.0.0.0", "--port", "0", "--data-dir", str(tmp_path)]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert refused.returncode == 2, refused.stderr
    assert "python -m api keys create" in refused.stderr
    assert "CLR_ADMIN_KEY" in refused.stderr
    assert not list(tmp_path.glob("logs/*"))
