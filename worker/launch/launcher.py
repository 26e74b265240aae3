"""Starts the ranks of an attempt from a warm forkserver, so that the worker's own process never loads torch.

The forkserver has ``worker.train.agent`` loaded, and with it torch. For each attempt it forks an agent, which leads
a process group of its own and runs PyTorch elastic, which forks the ranks.
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
PATIENCE_S = 10.0  # for processes that die slowly, such as those that give back the memory of a device
START_TIMEOUT_S = 180.0  # a new forkserver loads torch first
_POLL_S = 0.01


def _in_forked(function: str, *arguments: Any) -> None:
    getattr(importlib.import_module(AGENT), function)(*arguments)


class NotStartedError(Exception):
    """The forkserver died while it was to fork, or was killed for its silence. The next launch starts another one."""


class Ranks:
    """An agent and its ranks, in one process group.

    Its exit status comes through the forkserver. Where that was killed the agent counts as ended, although it may run.
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
        """Whether the agent still runs, as far as the forkserver says."""
        with self._lock:
            return bool(self._process.is_alive())

    def has_failed(self) -> bool:
        """Whether the agent ended otherwise than well."""
        with self._lock:
            return bool(self._process.exitcode)

    def terminate(self) -> None:
        """SIGTERM to the whole group."""
        self._signal(signal.SIGTERM)

    def kill(self, patience_s: float = PATIENCE_S) -> bool:
        """SIGKILL to the group, again and again until all of it is gone and the agent is reaped.

        Returns:
            Whether that is so; False where something has not gone for ``patience_s`` seconds.
        """
        deadline = time.monotonic() + patience_s
        while not self.are_gone():
            if time.monotonic() > deadline:
                return False
            self._signal(signal.SIGKILL)
            time.sleep(_POLL_S)
        return True

    def are_gone(self) -> bool:
        """Whether no process of the group is left, nor the agent where it is so young that it leads no group yet."""
        return not self.is_alive() and not processes.members(self.pid) and not self._agent_runs()

    def _agent_runs(self) -> bool:
        return self._began is not None and processes.start_time(self.pid) == self._began

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:  # gone, or so young that it leads no group yet
            if self._agent_runs():
                os.kill(self.pid, number)


class Launcher:
    """Forks agents. One lock guards the forkserver, whose bookkeeping is not made for several threads."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([AGENT])
        self._lock = threading.Lock()

    def warm(self) -> int:
        """Start the forkserver, which takes as long as importing torch.

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
            node: The place of this host where the ranks run on several.

        Raises:
            NotStartedError: The forkserver died meanwhile.
        """
        visible = ",".join(map(str, devices)) if on_cuda else None
        return Ranks(self._start("run", str(run_dir), len(devices), visible, node), self._lock)

    def probe(self, device: int) -> Ranks:
        """Start a process that uses a CUDA device for a moment, and fails where that is impossible.

        Raises:
            NotStartedError: The forkserver died meanwhile.
        """
        return Ranks(self._start("probe", str(device)), self._lock)

    def _start(self, function: str, *arguments: Any) -> Any:
        target: Callable[..., None] = _in_forked
        process = self._context.Process(target=target, args=(function, *arguments))
        # What a forkserver is started with, /proc shows to all that it forks. One that died is started anew, by either.
        with self._lock, without_secrets():
            try:
                forkserver.ensure_running()
                with _killed_if_silent(START_TIMEOUT_S):
                    process.start()
            except (OSError, EOFError) as error:
                # Not tried again here: an agent may have been forked all the same, and ends when it misses us.
                raise NotStartedError(f"the forkserver did not start the ranks: {error!r}") from error
        return process


@contextmanager
def _killed_if_silent(timeout_s: float) -> Iterator[None]:
    """End a forkserver that does not answer (one that was stopped): every attempt of the worker waits for our lock."""
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
