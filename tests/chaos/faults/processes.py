"""Faults of processes: signals to parts of the stack and to what workers start."""

import ctypes
import os
import random
import signal
import socket
from contextlib import suppress
from functools import partial
from typing import Any

import psutil

from local_stack.child_process import Child
from tests.chaos.rig import LEASE_S, Rig

_SYS_PIDFD_GETFD = 438  # of Linux, on every machine
DEPTHS = {"forkserver": 1, "agent": 2, "rank": 3}


def parts(rig: Rig, kind: str) -> list[Child]:
    """Running parts of a kind: ``api``, ``worker`` or ``broker``."""
    found = {"api": rig.apis, "worker": rig.workers, "broker": [rig.valkey.child]}[kind]
    return [child for child in found if child.pid is not None and child.exit_status() is None]


def kill(rig: Rig, chance: random.Random, kind: str) -> str | None:
    """SIGKILL one part; it is started again after a moment."""
    if not (found := parts(rig, kind)):
        return None
    child = chance.choice(found)
    send(child.pid, signal.SIGKILL)
    rig.later(chance.uniform(0.1, 2.0), partial(revive, child, child.pid))
    return child.name


def end(rig: Rig, chance: random.Random, kind: str) -> str | None:
    """SIGTERM, as a rolling deployment does; it is started again when it has ended."""
    if not (found := parts(rig, kind)):
        return None
    child = chance.choice(found)
    send(child.pid, signal.SIGTERM)
    rig.later(0.0, partial(revive, child, child.pid))
    return child.name


def freeze(rig: Rig, chance: random.Random, kind: str) -> str | None:
    """SIGSTOP for longer than a lease, then SIGCONT: a worker wakes as one that writes late."""
    if not (found := parts(rig, kind)):
        return None
    child = chance.choice(found)
    send(child.pid, signal.SIGSTOP)
    rig.later(LEASE_S + chance.uniform(0.5, 2.5), partial(send, child.pid, signal.SIGCONT))
    return child.name


def below(rig: Rig, kind: str) -> list[psutil.Process]:
    """What workers have started: ``forkserver``, ``agent`` or ``rank``."""
    every = [pair for child in parts(rig, "worker") for pair in rig.descendants(child)]
    return [process for process, depth in every if depth == DEPTHS[kind]]


def signal_below(rig: Rig, chance: random.Random, kind: str, number: signal.Signals) -> str | None:
    """One signal to one of them."""
    if not (found := below(rig, kind)):
        return None
    process = chance.choice(found)
    send(process.pid, number)
    return f"{kind} {process.pid}"


kill_below = partial(signal_below, number=signal.SIGKILL)


def freeze_below(rig: Rig, chance: random.Random, kind: str) -> str | None:
    """SIGSTOP to one of them, SIGCONT after a while."""
    if not (found := below(rig, kind)):
        return None
    process = chance.choice(found)
    send(process.pid, signal.SIGSTOP)
    rig.later(LEASE_S + chance.uniform(0.5, 2.0), partial(send, process.pid, signal.SIGCONT))
    return f"{kind} {process.pid}"


def reset_ranks(rig: Rig, chance: random.Random) -> str | None:
    """Shut down the connections between two ranks, by copies of their sockets: both live, and neither hears more."""
    connections: dict[Any, tuple[int, int]] = {}  # own address: process and descriptor
    links = []
    for rank in below(rig, "rank"):
        with suppress(psutil.Error, OSError):
            for link in rank.net_connections("tcp"):
                if link.raddr:
                    connections[link.laddr] = (rank.pid, link.fd)
                    links.append((rank.pid, link))
    between = [(pid, link.fd) for pid, link in links if connections.get(link.raddr, (pid, 0))[0] != pid]
    if not between:
        return None
    chosen = chance.choice(sorted({pid for pid, _ in between}))
    cut = sum(_shut(pid, descriptor) for pid, descriptor in between if pid == chosen)
    return f"{cut} connections of rank {chosen}" if cut else None


def start_otherwise(rig: Rig, chance: random.Random, variable: str, value: str) -> str | None:
    """End a worker and start it with something changed, see `hooks.sitecustomize`; later start it as it was."""
    if not (found := parts(rig, "worker")):
        return None
    child = chance.choice(found)
    child._environment[variable] = value
    _start_anew(rig, child)

    def change_back() -> bool:
        child._environment.pop(variable, None)
        return _start_anew(rig, child)

    rig.later(chance.uniform(6.0, 10.0), change_back)
    return child.name


set_clock_back = partial(start_otherwise, variable="CHAOS_CLOCK_S", value="-3600")
start_older = partial(start_otherwise, variable="CHAOS_OLDER", value="1")


def _start_anew(rig: Rig, child: Child) -> bool:
    send(child.pid, signal.SIGTERM)
    rig.later(0.0, partial(revive, child, child.pid))
    return True


def _shut(pid: int, descriptor: int) -> bool:
    try:
        process = os.pidfd_open(pid)
        try:
            copy = ctypes.CDLL(None).syscall(_SYS_PIDFD_GETFD, process, descriptor, 0)
        finally:
            os.close(process)
        if copy < 0:
            return False
        with socket.socket(fileno=copy) as connection:
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return False
    return True


def revive(child: Child, pid: int | None) -> bool:
    """Start a part again once that process has ended; done also where it was started by then."""
    if child.exit_status() is None:
        return child.pid != pid
    child.start()
    return True


def send(pid: int | None, number: signal.Signals) -> bool:
    """A signal to a process that may have ended."""
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    return True
