"""A stack that asks for keys: who may do what over real HTTP, what its ranks can learn, what its logs say."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from client.client import Client
from client.errors import ProblemError
from client.stack import Stack
from tests.builders import train
from tests.e2e.conftest import running_stack
from tests.e2e.test_faults import eventually

ADMIN_KEY = "an admin's_key-long_enough_to_count".replace("'", "")
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


def log_of(stack: Stack, part: str) -> list[dict[str, Any]]:
    lines = (stack.data_dir / "logs" / f"{part}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


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
                worker = stack.pids()["worker"]
                seen = environments(worker)
                assert len(seen) >= 4  # resource tracker or forkserver, agent, two ranks
                for word in ("aws-word", "dsn-word", ADMIN_KEY, "CLR_", "redis://"):
                    assert [pid for pid, shown in seen.items() if word in shown] == [], word
                assert any("PATH=" in shown for shown in seen.values())
                client.cancel(job_id)
                assert client.wait(job_id, timeout_s=60)["status"] == "cancelled"
                admin.revoke_key(ada["id"])
                with pytest.raises(ProblemError) as ended:
                    client.jobs()
                assert ended.value.code == "invalid_key"
            assert admin.job(job_id)["status"] == "cancelled"
        requests = [line for line in log_of(stack, "api") if line["logger"] == "api.access.requests"]
        assert all(re.fullmatch(r"[0-9a-f]{16}", line["request_id"]) for line in requests)
        audited = [line for line in log_of(stack, "api") if line["logger"] == "api.audit"]
        assert {"ada", "admin", None} <= {line["owner"] for line in audited}
        assert {401, 202} <= {line["status"] for line in audited}
        of_job = [line for line in log_of(stack, "worker") if job_id in line["message"]]
        assert of_job
        everything = "".join(path.read_text() for path in (stack.data_dir / "logs").iterdir())
        for secret in (ada["key"], bob["key"], ADMIN_KEY, "aws-word"):
            assert secret not in everything


def run(data_dir: Path, *command: str, **extra: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLR_")}
    environment |= {"CLR_DATA_DIR": str(data_dir)} | extra
    return subprocess.run(
        [sys.executable, "-m", *command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_server_for_other_machines_does_not_start_before_somebody_has_a_key(tmp_path: Path) -> None:
    for command in (["client", "up", "--host", "0.0.0.0", "--port", "0"], ["api", "--host", "0.0.0.0", "--port", "0"]):
        refused = run(tmp_path, *command)
        assert refused.returncode == 2, refused.stderr
        assert "python -m api keys create" in refused.stderr
        assert "CLR_ADMIN_KEY" in refused.stderr
    assert "clr migrate" in run(tmp_path, "api", "keys", "create", "--name", "root", "--scope", "admin").stderr
    assert run(tmp_path, "migrations").returncode == 0
    made = json.loads(run(tmp_path, "api", "keys", "create", "--name", "root", "--scope", "admin").stdout)
    assert made["key"].startswith("clr_")
    assert run(tmp_path, "api", "--host", "0.0.0.0", "--check").returncode == 0
    (listed,) = json.loads(run(tmp_path, "api", "keys", "list").stdout)
    assert "key" not in listed
    assert json.loads(run(tmp_path, "api", "keys", "revoke", made["id"]).stdout)["revoked_at"]
    assert run(tmp_path, "api", "--host", "0.0.0.0", "--check").returncode == 2
    short = run(tmp_path, "api", "--host", "0.0.0.0", "--check", CLR_ADMIN_KEY="short")
    assert short.returncode != 0
    assert "short" not in short.stdout.replace("too_short", "")
