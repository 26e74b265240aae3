"""What a child is started with, seen in its own environment as the kernel shows it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.config.settings import Settings
from tests.unit.worker.log_files import append, texts
from worker.attempt.log_tail import LogTail
from worker.launch.secrets import is_secret, redaction, secrets_of, without_secrets

KEY = "clr_" + 43 * "x"


def test_secrets_are_taken_out(tmp_path: Path, rank: Path) -> None:
    settings = Settings(
        database_url=SecretStr("postgresql+psycopg://clr:database-word@host/clr"),
        broker_url=SecretStr("redis://:broker-word@host:6379/0"), admin_key=SecretStr(40 * "a"),
    )  # fmt: skip
    environment = {"HF_TOKEN": "hf_0123456789", "SHORT_TOKEN": "abc", "CLR_DATA_DIR": "/data/of/clr"}
    append(
        rank,
        f"hf_0123456789 database-word broker-word {40 * 'a'} {KEY}\n"
        "redis://me:any-word@host/0 Authorization: Bearer something\n"
        "/data/of/clr abc clr_service\n",
    )
    assert texts(LogTail(tmp_path, redaction(secrets_of(settings, environment))).read()) == [
        "*** *** *** *** ***",
        "redis://***@host/0 Authorization: Bearer ***",
        "/data/of/clr abc clr_service",
    ]


SHOW = "import os; print(open('/proc/self/environ').read().replace(chr(0), chr(10)))"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLR_DATABASE_URL", "x"), ("AWS_SECRET_ACCESS_KEY", "x"), ("PGPASSWORD", "x"), ("HF_TOKEN", "x"),
        ("github_token", "x"), ("MY_ADMIN_KEY", "x"), ("MY_API_KEY", "x"), ("SOME_DSN", "postgresql://me:word@host/db"),
    ],
)  # fmt: skip
def test_secrets_are_known_by_name_or_by_a_password_in_a_url(name: str, value: str) -> None:
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PATH", "/bin:/usr/bin"), ("OMP_NUM_THREADS", "1"), ("CUDA_VISIBLE_DEVICES", "0,1"), ("NCCL_DEBUG", "INFO"),
     ("http_proxy", "http://proxy:3128"), ("LD_LIBRARY_PATH", "/a:/b")],
)  # fmt: skip
def test_what_ranks_need_is_no_secret(name: str, value: str) -> None:
    assert not is_secret(name, value)


def test_a_child_started_without_secrets_has_none_and_the_parent_has_them_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLR_BROKER_URL", "redis://:word@host")
    monkeypatch.setenv("PLAIN", "seen")
    with without_secrets():
        shown = subprocess.run([sys.executable, "-I", "-S", "-c", SHOW], capture_output=True, text=True, check=True)
    assert "PLAIN=seen" in shown.stdout
    assert "word@host" not in shown.stdout
    assert os.environ["CLR_BROKER_URL"] == "redis://:word@host"
