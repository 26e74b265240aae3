"""What a stack is made of, with real processes: Valkey, ties, locks, ports, restarts."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import psutil
import pytest

from clr_client.errors import StackError, StackUsageError
from clr_client.transport.addresses import claimable_port, free_port, is_loopback, url_of
from local_stack.child_process import Child
from local_stack.data_dir import hold, make_folder
from local_stack.restart_policy import Restarts
from local_stack.valkey import Valkey

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


def test_valkey_starts_answers_keeps_its_address_and_ends(tmp_path: Path) -> None:
    valkey = Valkey(dict(os.environ), tmp_path)
    for _ in range(2):
        valkey.child.start()
        try:
            assert eventually(valkey.answers)
            assert valkey.child.pid is not None
            command = " ".join(psutil.Process(valkey.child.pid).cmdline())
        finally:
            valkey.child.stop(2.0, Event())
        assert valkey.url.split("@")[0].removeprefix("redis://:") not in command
        assert not valkey.answers()
    assert [path.name for path in tmp_path.iterdir()] == ["valkey.log"]


def test_valkey_refuses_who_has_no_password(tmp_path: Path) -> None:
    valkey = Valkey(dict(os.environ), tmp_path)
    valkey.child.start()
    try:
        assert eventually(valkey.answers)
        with socket.create_connection(("127.0.0.1", valkey.port)) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100).startswith(b"-NOAUTH")
    finally:
        valkey.child.stop(2.0, Event())


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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent")
def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from local_stack.child_process import Child\n"
        f"child = Child('stubborn', {STUBBORN!r}, {{}}, Path({str(tmp_path)!r}))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        log = tmp_path / "stubborn.log"
        assert eventually(lambda: log.exists() and "here" in log.read_text())
        parent.kill()
    assert eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_folder_is_private_and_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a" / "b")
    assert folder.stat().st_mode & 0o777 == 0o700
    with hold(folder), pytest.raises(StackUsageError) as caught, hold(folder):
        pass
    assert str(folder) in str(caught.value)
    assert str(os.getpid()) in str(caught.value)
    with hold(folder):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackUsageError, match="Cannot create"):
        make_folder(tmp_path / "file" / "folder")


def test_a_port_that_is_taken_is_refused_and_a_free_one_is_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StackUsageError, match="is taken"):
            claimable_port("127.0.0.1", taken.getsockname()[1])
    port = free_port("127.0.0.1")
    assert claimable_port("127.0.0.1", port) == port
    with pytest.raises(StackUsageError, match="Cannot listen"):
        claimable_port("no.such.host.invalid", 0)


def test_addresses_are_written_as_a_client_on_this_machine_needs_them() -> None:
    assert url_of("127.0.0.1", 1) == "http://127.0.0.1:1"
    assert url_of("0.0.0.0", 1) == "http://127.0.0.1:1"
    assert url_of("::", 1) == "http://[::1]:1"
    assert [is_loopback(host) for host in ("localhost", "127.9.9.9", "::1", "0.0.0.0", "10.0.0.1", "gpu-a")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_restarts_back_off_and_are_given_up() -> None:
    restarts = Restarts(gives_up=True)
    assert [restarts.pause_after(0.1) for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, None]


def test_a_part_that_others_can_do_without_is_never_given_up() -> None:
    restarts = Restarts(gives_up=False)
    assert [restarts.pause_after(0.1) for _ in range(200)][4:] == [8.0, 16.0, *[30.0] * 194]


def test_a_minute_of_life_forgives_former_deaths() -> None:
    restarts = Restarts(gives_up=True)
    for _ in range(4):
        restarts.pause_after(0.1)
    assert restarts.pause_after(61.0) == 0.5


def test_what_was_never_started_has_no_status(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="never started"):
        Child("x", SLEEP, {}, tmp_path).exit_status()
