"""Own processes and real children; zombies count as gone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from worker.launch import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_start_time_is_the_kernels_own_count_since_boot() -> None:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert processes.own() == (os.getpid(), int(fields[19]))


def test_a_start_time_stays_when_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before, boot = processes.start_time(os.getpid()), psutil.boot_time()
    for module in ("psutil", "psutil._pslinux"):
        monkeypatch.setattr(f"{module}.boot_time", lambda: boot + 3600)
    assert psutil.Process().create_time() > time.time() + 3000
    assert processes.start_time(os.getpid()) == before


def test_a_zombie_and_an_id_of_nobody_are_not_running() -> None:
    process = subprocess.Popen(SLEEP, start_new_session=True)
    assert processes.members(process.pid) == [process.pid]
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie, as long as nobody reaps it
    for _ in range(2):
        assert processes.start_time(process.pid) is None
        assert processes.members(process.pid) == []
        assert processes.command_line(process.pid) == ""
        process.wait()


def test_a_stopped_process_of_a_group_is_said_to_be() -> None:
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        process.send_signal(signal.SIGSTOP)
        while processes.states(process.pid) != {process.pid: psutil.STATUS_STOPPED}:
            time.sleep(0.01)
        assert processes.command_line(process.pid) == " ".join(SLEEP)
        process.kill()
