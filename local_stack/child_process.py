"""Child processes of a local stack: they log to a file, end with this process, and are stopped within a time limit."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event

from clr_client.errors import StackError
from local_stack import die_with_parent

TAIL_LINES = 15
TAIL_BYTES = 8192
CHECK_EVERY_S = 0.02


class Child:
    """One program that is started, monitored and stopped; it can be restarted.

    Args:
        name: Its display name; its log is ``NAME.log``.
        command: Absolute path of the program, and its arguments.
        environment: Its whole environment.
        logs_dir: Existing folder for its log, which is appended to.
        stdin: What it reads on standard input; secrets go here, never into ``command``.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        logs_dir: Path,
        stdin: bytes = b"",
    ) -> None:
        self.name = name
        self.log_path = logs_dir / f"{name}.log"
        self._command = list(command)
        self._environment = dict(environment)
        self._stdin = stdin
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, from a thread that lives as long as the child does (a rule of PR_SET_PDEATHSIG)."""
        python = [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid())]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*python, *self._command],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the stack alone, which ends its services in order
            )
        self._feed(self._process)

    def _feed(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None:
            raise AssertionError("stdin is a pipe")
        try:
            process.stdin.write(self._stdin)
            process.stdin.close()
        except BrokenPipeError:
            return  # it ended before it read; `poll` will report that

    @property
    def pid(self) -> int | None:
        """Process id, None before the first start and after the end."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def exit_status(self) -> int | None:
        """Its exit status (negative: the signal that killed it), None while it runs."""
        if self._process is None:
            raise StackError(f"{self.name} was never started")
        return self._process.poll()

    def stop(self, grace_s: float, hurry: Event) -> None:
        """Ask it to end, and kill its process group after ``grace_s``, or at once when ``hurry`` is set."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while process.poll() is None and time.monotonic() < deadline and not hurry.is_set():
            time.sleep(CHECK_EVERY_S)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log_tail(self) -> str:
        """The last lines of its log, each indented, below a line that names the file."""
        with self.log_path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - TAIL_BYTES))
            lines = log.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"The end of {self.log_path}:", *(f"  {line}" for line in lines)])


def ended_how(status: int) -> str:
    """An exit status as text."""
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"
