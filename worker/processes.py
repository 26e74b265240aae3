"""Processes as the kernel knows them (Linux, /proc): told apart by id and start time, never by name."""

import os
from pathlib import Path

_PROC = Path("/proc")
_STATE, _GROUP, _STARTED = 0, 2, 19  # fields of /proc/PID/stat after the name; proc(5)


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where there is none, or only its zombie."""
    fields = _fields(pid)
    return None if fields is None or fields[_STATE] in "ZX" else int(fields[_STARTED])


def members(group: int) -> list[int]:
    """Ids of the processes of a group that still run; zombies hold nothing and do not count."""
    return sorted(states(group))


def states(group: int) -> dict[int, str]:
    """The state of each process of a group that still runs, by id; one letter, as in proc(5)."""
    found = {}
    for entry in _PROC.iterdir():
        fields = _fields(int(entry.name)) if entry.name.isdigit() else None
        if fields is not None and int(fields[_GROUP]) == group and fields[_STATE] not in "ZX":
            found[int(entry.name)] = fields[_STATE]
    return found


def _fields(pid: int) -> list[str] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()  # the name, in brackets, may hold anything


def command_line(pid: int) -> str:
    """What a process was started as; empty where there is none."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def boot_id() -> str:
    """The boot that start times count from."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def own() -> tuple[int, int]:
    """Id and start time of this process."""
    pid = os.getpid()
    return pid, start_time(pid) or 0
