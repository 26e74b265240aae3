"""What other processes of the same user can read in /proc of the service's own: what they were started with.

Root reads everything, by capabilities. Without them it is to the kernel as any other user, so here they are dropped.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clr_client.transport.addresses import free_port

SECRET = "a-secret-of-thirty-two-characters"
READ = "import sys; print(open(f'/proc/{sys.argv[1]}/environ').read())"


# PR_CAPBSET_DROP of CAP_SYS_PTRACE, CAP_SYS_ADMIN and CAP_PERFMON; what is executed then has them no longer.
AS_ANY_USER = (
    "import ctypes, os, sys; [ctypes.CDLL(None).prctl(24, one, 0, 0, 0) for one in (19, 21, 38)]; "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
PYTHON = [sys.executable, "-I", "-S", "-c", AS_ANY_USER, sys.executable]


def read_by_another(pid: int) -> str | None:
    """The environment of a process as another one of the same user sees it; None where it may not."""
    shown = subprocess.run([*PYTHON, "-I", "-S", "-c", READ, str(pid)], capture_output=True, text=True, check=False)
    if shown.returncode == 0:
        return shown.stdout
    assert "PermissionError" in shown.stderr, shown.stderr
    return None


def is_hidden_in_time(process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        if read_by_another(process.pid) is None:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("program", ["api", "worker", "clr_cli"])
def test_an_environment_cannot_be_read_by_processes_of_the_same_user(tmp_path: Path, program: str) -> None:
    port = str(free_port("127.0.0.1"))
    arguments = {"api": ["--port", port], "worker": [], "clr_cli": ["up", "--port", port, "--data-dir", str(tmp_path)]}
    environment = {**os.environ, "CLR_ADMIN_KEY": SECRET, "CLR_DATA_DIR": str(tmp_path)}
    with subprocess.Popen(
        [*PYTHON, "-m", program, *arguments[program]], env=environment, cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            assert is_hidden_in_time(process)
        finally:
            process.kill()


def test_the_same_way_of_reading_shows_what_is_not_hidden(tmp_path: Path) -> None:
    environment = {**os.environ, "CLR_ADMIN_KEY": SECRET}
    command = [*PYTHON, "-I", "-S", "-c", "print(); input()"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        shown = read_by_another(process.pid)
        process.kill()
    assert shown is not None
    assert SECRET in shown
