"""Cleans up after a killed worker on this host: ends processes of its attempts, and removes run directories.

Each run directory has ``processes.json`` while its ranks run: the agent that leads their group, and the worker. They
are identified by boot, process id and start time, and the agent must still have the recorded command line.
"""

import json
import logging
import os
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.status import HELD, TERMINAL
from worker.launch import processes

log = logging.getLogger(__name__)

FILE = "processes.json"
_NOTES = f"attempt-*/**/{FILE}"  # an attempt's first group uses the run directory, further groups use folders in it
_FIELDS = {"host", "boot", "worker", "worker_started", "agent", "agent_started", "command"}
DAY_S = 86_400.0
_GONE_S = 5.0
_POLL_S = 0.02


def write_down(run_dir: Path, agent: int) -> None:
    """Record the processes of a run directory."""
    worker, began = processes.own()
    note = {
        "host": socket.gethostname(), "boot": processes.boot_id(), "worker": worker, "worker_started": began,
        "agent": agent, "agent_started": processes.start_time(agent), "command": processes.command_line(agent),
    }  # fmt: skip
    (run_dir / FILE).write_text(json.dumps(note))


def end_orphans(database: Database, runs_dir: Path) -> list[int]:
    """Kill the processes of attempts whose worker has ended, or that no longer own their job.

    Returns:
        Ids of the process groups that were killed.
    """
    killed = []
    for file in sorted(runs_dir.glob(f"job_*/{_NOTES}")):
        note = _read(file)
        if note is None or note["host"] != socket.gethostname():
            continue
        if note["boot"] == processes.boot_id() and _is(note, "worker"):
            continue  # its worker is alive, and ends it itself
        if note["boot"] == processes.boot_id() and _is(note, "agent") and not is_held(database, file):
            log.warning("%s: its worker has ended; killing process group %s", file.parent, note["agent"])
            if not _kill_group(note["agent"]):
                log.error("%s: process group %s cannot be killed", file.parent, note["agent"])
                continue
            killed.append(note["agent"])
        if not _is(note, "agent"):
            file.unlink(missing_ok=True)
    return killed


def tidy_runs(database: Database, runs_dir: Path, *, keep_days: float) -> list[str]:
    """Remove the run directories, including logs, of jobs that ended ``keep_days`` ago or no longer exist.

    Returns:
        Ids of the jobs whose folders were removed.
    """
    removed = []
    for folder in sorted(runs_dir.glob("job_*")):
        if any(folder.glob(_NOTES)) or time.time() - _changed(folder) < keep_days * DAY_S:
            continue
        with database.read() as session:
            if not _is_over(session, folder.name):
                continue
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(folder.name)
    return removed


def _is_over(session: Session, job_id: str) -> bool:
    job = session.get(Job, job_id)
    return job is None or job.status in TERMINAL


def _changed(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except FileNotFoundError:
        return time.time()


def _read(file: Path) -> dict[str, Any] | None:
    try:
        note: Any = json.loads(file.read_text())
    except (OSError, ValueError):
        return None  # being written, or incomplete because its worker was killed: the ranks die with that worker
    is_known = isinstance(note, dict) and note.keys() >= _FIELDS  # another version may write another format
    return note if is_known else None


def _is(note: dict[str, Any], who: str) -> bool:
    """Return whether the process is still the recorded one."""
    if processes.start_time(note[who]) != note[f"{who}_started"]:
        return False
    return who == "worker" or processes.command_line(note[who]) == note["command"]


def is_held(database: Database, file: Path) -> bool:
    """Return whether the lease of the attempt may still hold."""
    run_dir = next(folder for folder in file.parents if folder.name.startswith("attempt-"))
    with database.read() as session:
        job = session.get(Job, run_dir.parent.name)
        return job is not None and job.status in HELD and run_dir.name.split("-")[1] == str(job.attempt)


def _kill_group(group: int) -> bool:
    deadline = time.monotonic() + _GONE_S
    while processes.members(group):
        if time.monotonic() > deadline:
            return False
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            break
        time.sleep(_POLL_S)
    return True
