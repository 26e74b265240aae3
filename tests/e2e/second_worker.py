"""More workers beside that of a stack."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from jobs.config.secrets import hand_over
from local_stack.stack import Stack


@contextmanager
def second_worker(stack: Stack, name: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with the settings of the stack's own, another name and what else is given; killed at the end."""
    # Without the secrets, which the stack's own worker got on its standard input. It has no broker, only SQL.
    settings, secrets = hand_over(psutil.Process(stack.pids()["worker"]).environ() | environment)
    log = Path(stack.data_dir) / "logs" / f"{name}.log"
    with log.open("ab") as output:
        worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "worker"], env={**settings, "CLR_WORKER_NAME": name},
            stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    assert worker.stdin is not None
    with worker.stdin as pipe:
        pipe.write(secrets)
    try:
        yield worker
    finally:
        end(worker)


def end(worker: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    """Signal a worker and wait for its end and that of its children."""
    if worker.poll() is not None:
        return
    children = psutil.Process(worker.pid).children(recursive=True)
    worker.send_signal(number)
    worker.wait(20)
    _, alive = psutil.wait_procs(children, timeout=10)
    for child in alive:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(alive, timeout=10)
