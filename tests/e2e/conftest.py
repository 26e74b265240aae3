"""Real stacks: Valkey, a Celery worker, the API, ranks; each in a folder of its own that goes away with it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from clr_client.client import Client
from local_stack.stack import Stack

FAST = {"CLR_LEASE_S": "2", "CLR_SWEEP_INTERVAL_S": "0.3", "CLR_CHECKPOINT_INTERVAL_S": "0.2"}
PATIENT = {"CLR_LEASE_S": "20"}  # for tests that are not about leases and have more ranks than cores


@contextmanager
def running_stack(slots: int = 2, start_timeout_s: float = 240.0, **options: object) -> Iterator[Stack]:
    """A stack on free ports; nothing of it is left behind, not even in the folder for temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="clr-"))
    (folder / "tmp").mkdir()
    environment = {**FAST, "TMPDIR": str(folder / "tmp"), **options.pop("extra_env", {})}  # type: ignore[dict-item]
    try:
        options |= {"slots": slots, "start_timeout_s": start_timeout_s, "extra_env": environment}
        with Stack(folder / "data", port=0, **options) as stack:  # type: ignore[arg-type]
            yield stack
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """One stack for all tests that leave it as it was."""
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="package")
def one_slot() -> Iterator[Stack]:
    """A stack of one slot for tests that lose no worker."""
    with running_stack(slots=1, extra_env=PATIENT) as stack:
        yield stack


@pytest.fixture(scope="package")
def three_slots() -> Iterator[Stack]:
    """A stack of three slots for tests that lose no worker."""
    with running_stack(slots=3, extra_env=PATIENT) as stack:
        yield stack


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url) as client:
        yield client
        end_jobs(client)


def end_jobs(client: Client) -> None:
    """Kill the jobs that a test has left, most of all one that failed: the next test needs the slots."""
    for job in client.jobs(status="queued,running")["data"]:
        client.cancel(job["id"], "kill")


@pytest.fixture
def own_stack() -> Iterator[Callable[..., Stack]]:
    """Stacks that a test may break, ended after it."""
    with ExitStack() as opened:

        def start(**options: Any) -> Stack:
            return opened.enter_context(running_stack(**options))

        yield start
