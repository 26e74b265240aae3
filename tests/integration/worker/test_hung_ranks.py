"""Processes of real ranks are stopped under a real supervisor, and continue or do not."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.session import Database
from jobs.files.artifacts import ArtifactStore
from jobs.spec.job import LrFindSpec, TrainSpec
from jobs.submission import submit
from migrations.run import upgrade
from tests.attempts import NoSpare, claim, events, job
from tests.builders import lr_find_spec, train_spec
from worker.attempt.supervisor import Supervisor
from worker.launch.launcher import Launcher

TIMEOUT_S = 120.0
FLOOR_S = 1.0


def wait_until(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + TIMEOUT_S
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def launcher() -> Launcher:
    launcher = Launcher()
    launcher.warm()
    return launcher


class Running:
    """One attempt in a thread."""

    def __init__(self, database: Database, folder: Path, launcher: Launcher, spec: TrainSpec | LrFindSpec) -> None:
        settings = Settings(data_dir=folder, checkpoint_interval_s=0.2, backoff_s=0)
        store = ArtifactStore(settings.artifacts_dir)
        self.database, self.stopping = database, threading.Event()
        self._supervisor = Supervisor(database, store, launcher, settings, False, self.stopping)
        self.job_id = submit.submit(database, spec).job_id
        self._before = {child.pid for child in psutil.Process().children(recursive=True)}
        self.begin()

    def begin(self, hang_floor_s: float = FLOOR_S) -> None:
        settings = self._supervisor.settings.model_copy(update={"hang_floor_s": hang_floor_s})
        supervisor = replace(self._supervisor, settings=settings)
        arguments = (claim(self.database), (0, 1), NoSpare())
        self._thread = threading.Thread(target=supervisor.run, args=arguments)
        self._thread.start()

    def wait_for_step(self, step: int) -> None:
        wait_until(lambda: job(self.database, self.job_id).step >= step)

    def processes(self) -> list[psutil.Process]:
        """The agent and its ranks, in order of their start."""
        found = [each for each in psutil.Process().children(recursive=True) if each.pid not in self._before]
        return sorted(found, key=psutil.Process.create_time)  # process numbers begin anew

    def ended(self) -> Any:
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()
        return job(self.database, self.job_id)

    def outcomes(self) -> list[str | None]:
        with self.database.read() as session:
            return [attempt.outcome for attempt in queries.attempts_of(session, self.job_id)]

    def end(self) -> None:
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
        self.stopping.set()
        self._thread.join(TIMEOUT_S)


@pytest.fixture
def begin(
    tmp_path: Path, open_database: Callable[[str], Database], launcher: Launcher
) -> Iterator[Callable[..., Running]]:
    database = open_database(f"sqlite:///{tmp_path / 'clr.sqlite3'}")
    upgrade(database)
    begun: list[Running] = []

    def start(spec: TrainSpec | LrFindSpec) -> Running:
        begun.append(Running(database, tmp_path, launcher, spec))
        return begun[-1]

    yield start
    for one in begun:
        one.end()


def test_a_stopped_rank_is_noticed_and_the_training_resumes(begin: Callable[..., Running]) -> None:
    running = begin(train_spec(steps=1500))
    running.wait_for_step(300)
    running.processes()[2].send_signal(signal.SIGSTOP)
    found = running.ended()
    assert (found.status, running.outcomes()) == ("queued", ["worker_lost"])
    (alarm,) = found.alarms
    assert alarm["code"] == "ranks_hang"
    assert "is stopped" in alarm["message"]
    assert {"alarm", "ranks_killed", "requeued"} <= set(events(running.database, running.job_id))
    assert running.processes() == []
    running.begin(TIMEOUT_S)  # a pause of a busy machine is no hang
    assert running.ended().status == "succeeded"
    assert running.outcomes() == ["worker_lost", "succeeded"]


def test_a_stopped_rank_of_a_range_test_is_noticed(begin: Callable[..., Running]) -> None:
    running = begin(lr_find_spec(range_test={"start_lr": 1e-7, "end_lr": 1e-6, "steps": 100_000, "replicas": 1}))
    running.wait_for_step(100)
    running.processes()[2].send_signal(signal.SIGSTOP)
    assert running.ended().status == "queued"
    assert running.outcomes() == ["worker_lost"]


def test_a_stopped_agent_does_not_cost_a_result_that_its_ranks_have_reported(begin: Callable[..., Running]) -> None:
    running = begin(train_spec(steps=1500))
    running.wait_for_step(300)
    running.processes()[0].send_signal(signal.SIGSTOP)
    assert running.ended().status == "succeeded"
    assert running.outcomes() == ["succeeded"]


def test_ranks_that_were_stopped_for_a_moment_go_on(begin: Callable[..., Running]) -> None:
    running = begin(train_spec(steps=1500))
    running.wait_for_step(300)
    for process in running.processes():
        os.kill(process.pid, signal.SIGSTOP)
    time.sleep(FLOOR_S / 2)
    for process in running.processes():
        os.kill(process.pid, signal.SIGCONT)
    assert running.ended().status == "succeeded"
    assert running.outcomes() == ["succeeded"]
