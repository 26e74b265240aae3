"""Processes of this host, identified by id and start time, never by name."""

import os
from pathlib import Path

import psutil

_OVER = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def start_time(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None if it does not exist or is a zombie.

    psutil counts from 1970, by a clock that may be set; the recorded value must stay the same after that.
    """
    try:
        process = psutil.Process(pid)
        if process.status() in _OVER:
            return None
        return round((process.create_time() - psutil.boot_time()) * _TICKS_PER_S)
    except psutil.NoSuchProcess:
        return None


def members(group: int) -> list[int]:
    """Return the ids of the running processes of a group. Zombies hold no resources and do not count."""
    return sorted(states(group))


def states(group: int) -> dict[int, str]:
    """Return the status of each running process of a group, by id; one of ``psutil.STATUS_*``."""
    found: dict[int, str] = {}
    for pid in psutil.pids():
        try:
            if os.getpgid(pid) == group and (status := psutil.Process(pid).status()) not in _OVER:
                found[pid] = status
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def command_line(pid: int) -> str:
    """Return the command line of a process; empty if it does not exist."""
    try:
        return " ".join(psutil.Process(pid).cmdline()).strip()
    except psutil.NoSuchProcess:
        return ""


def boot_id() -> str:
    """Return the id of the boot that start times count from."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def own() -> tuple[int, int]:
    """Return the id and start time of this process."""
    pid = os.getpid()
    return pid, start_time(pid) or 0
