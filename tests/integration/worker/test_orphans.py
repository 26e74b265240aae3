"""Processes that a killed worker leaves on its host, and slots whose processes cannot be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.lifecycle import claims, finish
from jobs.submission import submit
from tests.builders import train_spec
from worker.dispatch.slots import Slots
from worker.launch import orphans, processes
from worker.launch.launcher import Ranks

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def orphan() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own, as an agent does."""
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def left_by_a_dead_worker(runs: Path, job_id: str, attempt: int, agent: int, group: str = "", **changes: Any) -> Path:
    run_dir = runs / job_id / f"attempt-{attempt}" / group
    run_dir.mkdir(parents=True)
    orphans.write_down(run_dir, agent)
    file = run_dir / orphans.FILE
    note = json.loads(file.read_text()) | {"worker_started": 1} | changes
    file.write_text(json.dumps(note))
    return file


def is_over(process: subprocess.Popen[bytes]) -> bool:
    try:
        return process.wait(timeout=5) == -signal.SIGKILL
    except subprocess.TimeoutExpired:
        return False


def claimed(database: Database) -> Claim:
    submit.submit(database, train_spec())
    claim = claims.claim_next(database, worker="gone", slots=2, free=2, lease_s=30)
    assert claim is not None
    return claim


@pytest.mark.parametrize("group", ["", "group-2"])
def test_what_still_runs_of_an_attempt_that_lost_its_job_is_killed(
    database: Database, tmp_path: Path, orphan: subprocess.Popen[bytes], group: str
) -> None:
    claim = claimed(database)
    file = left_by_a_dead_worker(tmp_path, claim.job_id, claim.attempt, orphan.pid, group)
    assert orphans.end_orphans(database, tmp_path) == []  # its lease may hold yet
    submit.cancel(database, claim.job_id)
    finish.cancelled(database, claim)
    assert orphans.end_orphans(database, tmp_path) == [orphan.pid]
    assert is_over(orphan)
    assert not file.exists()


@pytest.mark.parametrize(
    "changes",
    [{"agent_started": 1}, {"command": "another program"}, {"host": "another"}, {"boot": "another"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_process_that_is_not_the_one_written_down_is_left_alone(
    database: Database, tmp_path: Path, orphan: subprocess.Popen[bytes], changes: dict[str, Any]
) -> None:
    left_by_a_dead_worker(tmp_path, "job_" + "0" * 32, 1, orphan.pid, **changes)
    assert orphans.end_orphans(database, tmp_path) == []
    assert orphan.poll() is None


def test_the_processes_of_a_live_worker_are_left_alone(
    database: Database, tmp_path: Path, orphan: subprocess.Popen[bytes]
) -> None:
    run_dir = tmp_path / ("job_" + "0" * 32) / "attempt-1"
    run_dir.mkdir(parents=True)
    orphans.write_down(run_dir, orphan.pid)  # by this process, which lives
    assert orphans.end_orphans(database, tmp_path) == []
    assert orphan.poll() is None


def _lead_a_group() -> None:
    os.setsid()
    time.sleep(600)


def test_slots_come_back_when_processes_that_could_not_be_killed_have_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    process = get_context("spawn").Process(target=_lead_a_group)
    process.start()
    ranks = Ranks(process, Lock())
    while not processes.members(ranks.pid):
        time.sleep(0.01)
    with monkeypatch.context() as patched:  # a process in the kernel's hands for ever cannot be made at will
        patched.setattr(Ranks, "_signal", lambda *_: None)
        assert ranks.kill(patience_s=0.1) is False
    slots = Slots(2)
    slots.quarantine(slots.take(1), ranks.are_gone)
    slots.release()
    assert (slots.free, slots.usable, slots.quarantined) == (1, 1, [0])
    assert ranks.kill()
    slots.release()
    assert (slots.free, slots.usable, slots.quarantined) == (2, 2, [])


def test_ranks_are_gone_when_the_last_of_their_group_is(tmp_path: Path) -> None:
    """The agent is dead, and one of its children is not: the slot is not free yet."""
    code = f"import subprocess, sys; subprocess.Popen({SLEEP!r}); open({str(tmp_path / 'up')!r}, 'w')"
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as leader:
        leader.wait()
        (left,) = processes.members(leader.pid)
        assert processes.start_time(left)
        os.killpg(leader.pid, signal.SIGKILL)
        while processes.members(leader.pid):
            time.sleep(0.01)
    assert processes.start_time(left) is None
