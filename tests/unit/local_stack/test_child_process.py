"""Child processes of the stack, with real processes."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from clr_client.errors import StackError
from local_stack.child_process import Child

SLEEP = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('here', flush=True); time.sleep(60)",
]


def eventually(holds: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_a_child_ends_on_sigterm_and_leads_its_own_session(tmp_path: Path) -> None:
    child = Child("sleep", SLEEP, dict(os.environ), tmp_path)
    child.start()
    assert child.pid is not None
    assert os.getsid(child.pid) == child.pid
    assert child.exit_status() is None
    child.stop(5.0, Event())
    assert child.exit_status() == -signal.SIGTERM
    assert child.pid is None


@pytest.mark.parametrize("hurried", [False, True])
def test_a_child_that_does_not_end_is_killed(tmp_path: Path, hurried: bool) -> None:
    child = Child("stubborn", STUBBORN, dict(os.environ), tmp_path)
    child.start()
    assert eventually(lambda: "here" in child.log_path.read_text())
    hurry = Event()
    if hurried:
        hurry.set()
    begun = time.monotonic()
    child.stop(60.0 if hurried else 0.1, hurry)
    assert child.exit_status() == -signal.SIGKILL
    assert time.monotonic() - begun < 5


def test_the_end_of_a_log_names_the_file(tmp_path: Path) -> None:
    child = Child("talker", [sys.executable, "-c", "print('\\n'.join(map(str, range(99))))"], {}, tmp_path)
    child.start()
    assert eventually(lambda: child.exit_status() is not None)
    assert child.log_tail().splitlines() == [
        f"The end of {tmp_path / 'talker.log'}:",
        *(f"  {number}" for number in range(84, 99)),
    ]


def test_what_was_never_started_has_no_status(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="never started"):
        Child("x", SLEEP, {}, tmp_path).exit_status()
