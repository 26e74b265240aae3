"""Starts the ranks of an attempt from a warm forkserver, so that the worker's own process never loads torch.

The forkserver has loaded ``worker.train.agent``, and with it torch. For each attempt it forks an agent. The agent leads
its own process group and runs PyTorch elastic, which forks the ranks.
"""

import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from jobs.database.records import Node
from worker.launch import processes
from worker.launch.secrets import without_secrets

AGENT = "worker.train.agent"  # by name: importing it here would load torch
PATIENCE_S = 10.0  # for processes that end slowly, for example because they free the memory of a device
START_TIMEOUT_S = 180.0  # a new forkserver loads torch first
_POLL_S = 0.01


def _in_forked(function: str, *arguments: Any) -> None:
    getattr(importlib.import_module(AGENT), function)(*arguments)


class NotStartedError(Exception):
    """The forkserver died before it forked, or was killed because it did not answer. The next launch starts another."""


class Ranks:
    """An agent and its ranks, in one process group.

    Its exit status comes from the forkserver. If the forkserver was killed, the agent counts as ended, although it may
    still run.
    """

    def __init__(self, process: Any, lock: threading.Lock) -> None:
        self._process = process
        self._lock = lock
        self._began = processes.start_time(self.pid)

    @property
    def pid(self) -> int:
        """Process id of the agent, which is the id of the group."""
        return int(self._process.pid)

    def is_alive(self) -> bool:
        """Whether the agent still runs, according to the forkserver."""
        with self._lock:
            return bool(self._process.is_alive())

    def has_failed(self) -> bool:
        """Whether the agent has failed."""
        with self._lock:
            return bool(self._process.exitcode)

    def terminate(self) -> None:
        """Send SIGTERM to the whole group."""
        self._signal(signal.SIGTERM)

    def kill(self, patience_s: float = PATIENCE_S) -> bool:
        """Send SIGKILL to the group repeatedly, until all its processes have ended and the agent is reaped.

        Returns:
            Whether they have ended; False if one has not after ``patience_s`` seconds.
        """
        deadline = time.monotonic() + patience_s
        while not self.are_gone():
            if time.monotonic() > deadline:
                return False
            self._signal(signal.SIGKILL)
            time.sleep(_POLL_S)
        return True

    def are_gone(self) -> bool:
        """Whether no process of the group is left, nor an agent that does not lead its group yet."""
        return not self.is_alive() and not processes.members(self.pid) and not self._agent_runs()

    def _agent_runs(self) -> bool:
        return self._began is not None and processes.start_time(self.pid) == self._began

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:  # ended, or an agent that does not lead its group yet
            if self._agent_runs():
                os.kill(self.pid, number)


class Launcher:
    """Forks agents. One lock guards the forkserver, whose client is not thread-safe."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([AGENT])
        self._lock = threading.Lock()

    def warm(self) -> int:
        """Start the forkserver, which takes as long as an import of torch.

        Returns:
            How many CUDA devices it sees.
        """
        reader, writer = self._context.Pipe(duplex=False)
        process = self._start("count_devices", writer)
        writer.close()
        devices = _receive(reader)
        process.join()
        return devices

    def launch(self, run_dir: Path, devices: tuple[int, ...], *, on_cuda: bool, node: Node | None = None) -> Ranks:
        """Start one rank on each device.

        Args:
            run_dir: Holds ``plan.json``; the ranks report into it.
            devices: Device numbers of the slots.
            on_cuda: Whether they are CUDA devices.
            node: The part of this host, if the ranks run on several hosts.

        Raises:
            NotStartedError: The forkserver died meanwhile.
        """
        visible = ",".join(map(str, devices)) if on_cuda else None
        return Ranks(self._start("run", str(run_dir), len(devices), visible, node), self._lock)

    def probe(self, device: int) -> Ranks:
        """Start a process that uses a CUDA device briefly, and fails if that is impossible.

        Raises:
            NotStartedError: The forkserver died meanwhile.
        """
        return Ranks(self._start("probe", str(device)), self._lock)

    def _start(self, function: str, *arguments: Any) -> Any:
        target: Callable[..., None] = _in_forked
        process = self._context.Process(target=target, args=(function, *arguments))
        # /proc shows the start environment of a forkserver to all its children. Both calls restart a forkserver that
        # died.
        with self._lock, without_secrets():
            try:
                forkserver.ensure_running()
                with _killed_if_silent(START_TIMEOUT_S):
                    process.start()
            except (OSError, EOFError) as error:
                # Not retried here: an agent may have been forked anyway, and ends when it loses its parent.
                raise NotStartedError(f"the forkserver did not start the ranks: {error!r}") from error
        return process


@contextmanager
def _killed_if_silent(timeout_s: float) -> Iterator[None]:
    """Kill a forkserver that does not answer (it may be stopped): every attempt of the worker waits for our lock."""
    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]  # noqa: SLF001 - nothing else tells it
    timer = threading.Timer(timeout_s, os.kill, (pid, signal.SIGKILL))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _receive(reader: Connection) -> int:
    with reader:
        try:
            return int(reader.recv())
        except EOFError as error:
            raise RuntimeError(f"the forkserver could not load {AGENT}; see its output above") from error
