"""Processes of this host, identified by id and start time, never by name."""

import os
from pathlib import Path

import psutil

_OVER = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if there is none, or only its zombie.

    psutil counts from 1970, by a clock that may be set; what is written down must be the same after that.
    """
    try:
        process = psutil.Process(pid)
        if process.status() in _OVER:
            return None
        return round((process.create_time() - psutil.boot_time()) * _TICKS_PER_S)
    except psutil.NoSuchProcess:
        return None


def members(group: int) -> list[int]:
    """Ids of the processes of a group that still run; zombies hold nothing and do not count."""
    return sorted(states(group))


def states(group: int) -> dict[int, str]:
    """The status of each process of a group that still runs, by id; one of ``psutil.STATUS_*``."""
    found: dict[int, str] = {}
    for pid in psutil.pids():
        try:
            if os.getpgid(pid) == group and (status := psutil.Process(pid).status()) not in _OVER:
                found[pid] = status
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def command_line(pid: int) -> str:
    """What a process was started as; empty if there is none."""
    try:
        return " ".join(psutil.Process(pid).cmdline()).strip()
    except psutil.NoSuchProcess:
        return ""


def boot_id() -> str:
    """The boot that start times count from."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def own() -> tuple[int, int]:
    """Id and start time of this process."""
    pid = os.getpid()
    return pid, start_time(pid) or 0
