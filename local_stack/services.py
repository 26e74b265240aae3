"""The services of a local stack, and their environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from jobs.config.secrets import hand_over
from local_stack.child_process import Child
from local_stack.valkey import Valkey


@dataclass(frozen=True)
class StackServices:
    """The programs of one stack. Valkey is None where ``CLR_BROKER_URL`` names a broker."""

    valkey: Valkey | None
    migrations: Child
    worker: Child
    api: Child

    @property
    def lasting(self) -> list[Child]:
        """The long-running services, in the order in which they are stopped."""
        servers = [self.valkey.child] if self.valkey is not None else []
        return [self.api, self.worker, *servers]


def build_services(
    data_dir: Path, host: str, port: int, slots: int | None, extra_env: Mapping[str, str]
) -> StackServices:
    """The services of a stack whose API is to listen on ``host`` and ``port``; nothing is started yet."""
    environment = {**os.environ, **extra_env}  # noqa: TID251 - a composition root: it hands its environment on
    environment |= {"CLR_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"} | _import_path(environment)
    if slots is not None:
        environment["CLR_SLOTS"] = str(slots)
    logs_dir = data_dir / "logs"
    valkey = None
    if not environment.get("CLR_BROKER_URL"):
        valkey = Valkey(environment, logs_dir)
        environment["CLR_BROKER_URL"] = valkey.url
    plain, secrets = hand_over(environment)

    def child(name: str, *arguments: str) -> Child:
        return Child(name, _module(name, *arguments), plain, logs_dir, stdin=secrets)

    return StackServices(
        valkey=valkey, migrations=child("migrations"), worker=child("worker"),
        api=child("api", "--host", host, "--port", str(port)),
    )  # fmt: skip


def run_migrations(data_dir: Path, *arguments: str, stdout: IO[str] | None = None) -> int:
    """Run only the migrations; return their exit status."""
    return _run(_module("migrations", *arguments), data_dir, stdout=stdout).returncode


def check_access(data_dir: Path, host: str) -> subprocess.CompletedProcess[bytes]:
    """Check whether the API would listen on ``host``; it needs keys unless the host is loopback."""
    return _run(_module("api", "--host", host, "--check"), data_dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _run(command: list[str], data_dir: Path, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    environment = dict(os.environ)  # noqa: TID251 - a composition root: it hands its environment on
    plain, secrets = hand_over(environment | {"CLR_DATA_DIR": str(data_dir)} | _import_path(environment))
    return subprocess.run(command, env=plain, input=secrets, check=False, **streams)


def _module(name: str, *arguments: str) -> list[str]:
    # -P: a folder named api or worker, where the user happens to be, is not ours.
    return [sys.executable, "-P", "-m", name, *arguments]


def _import_path(environment: Mapping[str, str]) -> dict[str, str]:
    """What makes children find a checkout that is not installed, and nothing for an installed package."""
    root = Path(__file__).resolve().parent.parent
    if root.name in {"site-packages", "dist-packages"}:
        return {}
    others = environment.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(root), others] if others else [str(root)])}
