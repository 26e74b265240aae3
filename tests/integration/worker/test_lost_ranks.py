"""Attempts whose processes are killed, with real ranks from a real forkserver: they are lost, and the job goes on."""

import ctypes
import errno
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import psutil
import pytest

from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.records import Claim, FailureDocument
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims
from jobs.submission import submit
from migrations.run import upgrade
from tests.attempts import NoSpare, job
from tests.builders import train_spec
from worker.attempt.supervisor import Supervisor
from worker.launch import processes
from worker.launch.launcher import Launcher, NotStartedError
from worker.rundir import directory

ENDLESS = 1_000_000
PIDFD_GETFD = 438  # system call; Linux 5.6
DEVICES = (0, 1)


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    launcher.warm()
    yield launcher
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


@pytest.fixture
def supervisor(launcher: Launcher, tmp_path: Path, open_database: Callable[[str], Database]) -> Supervisor:
    settings = Settings(data_dir=tmp_path, backoff_s=0, checkpoint_interval_s=0.2)
    database = open_database(settings.sql_url)
    upgrade(database)
    store = ArtifactStore(settings.artifacts_dir)
    return Supervisor(database, store, launcher, settings, False, threading.Event(), redact=str)


def claimed(supervisor: Supervisor) -> Claim:
    found = claims.claim_next(supervisor.database, worker="w", slots=2, free=2, lease_s=30.0)
    assert found is not None
    return found


def harmed(supervisor: Supervisor, harm: Callable[[psutil.Process], None]) -> Job:
    """A job after an attempt to which harm is done while it runs; the agent's process is given."""
    submit.submit(supervisor.database, train_spec(steps=ENDLESS))
    return harm_attempt(supervisor, claimed(supervisor), harm)


def harm_attempt(supervisor: Supervisor, claim: Claim, harm: Callable[[psutil.Process], None]) -> Job:
    attempt = threading.Thread(target=supervisor.run, args=(claim, DEVICES, NoSpare()))
    first = job(supervisor.database, claim.job_id).step
    attempt.start()
    try:
        while job(supervisor.database, claim.job_id).step < first + 50:
            assert attempt.is_alive(), job(supervisor.database, claim.job_id).error
            time.sleep(0.02)
        (agent,) = forked()
        harm(agent)
    finally:
        attempt.join(60)
    assert not attempt.is_alive()
    assert processes.members(agent.pid) == []
    return job(supervisor.database, claim.job_id)


def forkserver_process() -> psutil.Process:
    return psutil.Process(forkserver._forkserver._forkserver_pid)  # type: ignore[attr-defined]


def forked() -> list[psutil.Process]:
    return forkserver_process().children()


def established(process: psutil.Process) -> list[Any]:
    return [one for one in process.net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED]


def break_connections(process: psutil.Process, connections: list[Any]) -> None:
    """Shut connections of another process down, as a network that breaks does."""
    assert connections
    pidfd = os.pidfd_open(process.pid)
    try:
        for connection in connections:
            number = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, pidfd, connection.fd, 0)
            if number < 0:
                assert ctypes.get_errno() == errno.EBADF  # closed, since its other end was shut down
                continue
            with socket.socket(fileno=number) as copy, suppress(OSError):  # likewise
                copy.shutdown(socket.SHUT_RDWR)
    finally:
        os.close(pidfd)


def cause(supervisor: Supervisor, found: Job, failures: int = 1) -> str:
    """Why the job was queued again."""
    assert (found.status, found.error, found.failures) == ("queued", None, failures)
    with supervisor.database.read() as session:
        *_, event = [event for event in queries.events_of(session, found.id) if event.type == "requeued"]
    assert event.data["outcome"] == "worker_lost"
    return str(event.data["cause"])


def test_a_killed_agent_is_a_lost_attempt(supervisor: Supervisor) -> None:
    found = harmed(supervisor, psutil.Process.kill)
    assert cause(supervisor, found) == "the agent of the ranks, or the forkserver, was killed, and the ranks with it"


def test_a_forkserver_that_is_killed_costs_an_attempt_and_the_next_launch_starts_another(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = harmed(supervisor, lambda _: forkserver_process().kill())
    assert "forkserver, was killed" in cause(supervisor, found)
    # It dies between the look whether it lives and the fork: no timing makes that for sure.
    monkeypatch.setattr(forkserver, "ensure_running", lambda: None)
    monkeypatch.setattr(forkserver._forkserver, "ensure_running", lambda: None)
    supervisor.run(claimed(supervisor), DEVICES, NoSpare())
    assert "did not start the ranks" in cause(supervisor, job(supervisor.database, found.id), failures=2)
    monkeypatch.undo()
    settings = supervisor.settings.model_copy(update={"checkpoint_interval_s": 600.0})
    found = harm_attempt(replace(supervisor, settings=settings), claimed(supervisor), psutil.Process.kill)
    assert (found.reason, found.attempt) == ("attempts_exhausted", 3)
    assert found.error is not None
    assert "The last one: the agent of the ranks, or the forkserver, was killed" in found.error["message"]


def test_a_forkserver_that_was_stopped_is_killed_and_the_next_launch_starts_another(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    launcher.warm()
    stopped = forkserver_process()
    stopped.suspend()
    monkeypatch.setattr("worker.launch.launcher.START_TIMEOUT_S", 0.5)
    with pytest.raises(NotStartedError, match="did not start the ranks"):
        launcher.launch(tmp_path, DEVICES, on_cuda=False)
    monkeypatch.undo()
    launcher.warm()
    assert forkserver_process().pid != stopped.pid


@pytest.mark.parametrize(("number", "words"), [
    (signal.SIGKILL, "rank 1 was killed by SIGKILL: by the kernel where the host's memory ran out, or by"),
    (signal.SIGTERM, "told to end by SIGTERM"),
])  # fmt: skip
def test_what_a_signal_to_a_rank_says_of_who_sent_it(
    supervisor: Supervisor, number: signal.Signals, words: str
) -> None:
    def harm(agent: psutil.Process) -> None:
        agent.children()[1].send_signal(number)

    assert words in cause(supervisor, harmed(supervisor, harm))


def test_a_broken_connection_between_live_ranks_is_a_lost_attempt(supervisor: Supervisor) -> None:
    def harm(agent: psutil.Process) -> None:
        rank, of_agent = agent.children()[1], [one.laddr for one in established(agent)]  # which ranks inherit
        break_connections(rank, [one for one in established(rank) if one.laddr not in of_agent])

    found = cause(supervisor, harmed(supervisor, harm))
    assert found.startswith("the connection to other ranks broke: ")
    assert "gloo" in found


def test_a_broken_connection_of_an_agent_is_a_lost_attempt(supervisor: Supervisor) -> None:
    found = harmed(supervisor, lambda agent: break_connections(agent, established(agent)))
    assert "the connection to other ranks broke: RendezvousConnectionError" in cause(supervisor, found)


def run_ranks(run_dir: str, script: str) -> None:
    """In an agent's process: run ranks that do something else than they would."""
    from worker.train import agent, rank  # noqa: PLC0415 - loads torch, in the forkserver alone

    rank._run = globals()[script]
    agent.run(run_dir, 2, None)


def fail_alone(_: Path, on_cuda: bool | None) -> None:
    del on_cuda
    if os.environ["RANK"] == "0":
        time.sleep(60)
    raise LookupError("the layer that rank 1 looks for")


def wait(_: Path, on_cuda: bool | None) -> None:
    del on_cuda
    time.sleep(60)


def say_nothing(_: Path, on_cuda: bool | None) -> None:
    del on_cuda
    if os.environ["RANK"] == "1":
        time.sleep(60)
    os._exit(1)


def leave(_: Path, on_cuda: bool | None) -> None:
    del on_cuda
    sys.exit(0)


def die_while_it_writes(_: Path, on_cuda: bool | None) -> None:
    """As at a signal, or on a full disk, when the file is there and nothing is in it yet."""
    del on_cuda
    if os.environ["RANK"] == "0":
        time.sleep(60)
    if file := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        Path(file).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def cause_of(launcher: Launcher, folder: Path, script: str, full: Sequence[str] = ()) -> FailureDocument:
    """Why ranks failed that run a script, if the files called ``full`` are on a disk without room."""
    run_dir = folder / "job_1" / "attempt-1"
    run_dir.mkdir(parents=True)
    for name in full:
        (run_dir / name).symlink_to("/dev/full")
    process = launcher._context.Process(target=run_ranks, args=(str(run_dir), script))
    process.start()
    process.join(60)
    assert process.exitcode == 1
    return min(directory.failures(run_dir), key=lambda failure: failure["rank_of_cause"])


def test_the_error_of_one_rank_is_told_and_not_that_of_those_that_were_ended_for_it(
    launcher: Launcher, tmp_path: Path
) -> None:
    found = cause_of(launcher, tmp_path, "fail_alone")
    assert (found["reason"], found["message"]) == ("internal_error", "LookupError: the layer that rank 1 looks for")


def test_code_of_a_job_that_ends_its_rank_is_no_lost_attempt(launcher: Launcher, tmp_path: Path) -> None:
    found = cause_of(launcher, tmp_path, "leave")
    assert found["reason"] == "internal_error"
    assert found["message"] == "code of the job ended its rank with the exit status 0"


def test_a_rank_that_is_killed_while_it_writes_its_error_is_a_lost_attempt(launcher: Launcher, tmp_path: Path) -> None:
    assert cause_of(launcher, tmp_path, "die_while_it_writes")["reason"] == "worker_lost"


def test_a_disk_that_is_full_before_a_rank_begins_is_told(launcher: Launcher, tmp_path: Path) -> None:
    found = cause_of(launcher, tmp_path, "wait", full=["activity"])
    assert found["reason"] == "disk_full"


def test_a_rank_that_does_not_say_why_it_ended_is_a_lost_attempt(launcher: Launcher, tmp_path: Path) -> None:
    found = cause_of(launcher, tmp_path, "say_nothing")
    assert found["reason"] == "worker_lost"
    assert "exit status 1" in found["message"]
