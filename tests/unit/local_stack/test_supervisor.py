"""The order of starting, watching and ending, with stand-in programs and a stand-in API."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from clr_client.errors import StackError, StackInterruptedError
from local_stack.child_process import Child
from local_stack.services import StackServices, build_services
from local_stack.supervisor import StackSupervisor
from tests.unit.conftest import Answer, Server

READY = Answer(200, {"status": "ready"})
NOT_READY = Answer(503, {"status": "not_ready", "checks": {"database": "ok", "workers": "none is alive"}})
LASTS = "import time; time.sleep(60)"
FAILS = "print('something broke'); raise SystemExit(3)"


def services(folder: Path, worker: str = LASTS, api: str = LASTS, migrations: str = "") -> StackServices:
    def child(name: str, script: str) -> Child:
        return Child(name, [sys.executable, "-c", script], {}, folder)

    return StackServices(None, child("migrations", migrations), child("worker", worker), child("api", api))


class Run:
    """A supervisor that runs in a thread of its own."""

    def __init__(
        self, services: StackServices, url: str, *, restart: bool = True, start_timeout_s: float = 10.0
    ) -> None:
        self.services = services
        self.ready = Event()
        self.told: list[str] = []
        self.failure: BaseException | None = None
        self.supervisor = StackSupervisor(restart=restart, start_timeout_s=start_timeout_s, tell=self.told.append)
        self.thread = Thread(target=self._run, args=(url,))
        self.thread.start()

    def _run(self, url: str) -> None:
        try:
            self.supervisor.run(self.services, url, self.ready)
        except StackError as error:
            self.failure = error

    def end(self) -> None:
        self.supervisor.hurry.set()
        self.supervisor.stopping.set()
        self.thread.join()


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    started: list[Run] = []
    yield started
    for run in started:
        run.end()


def test_all_parts_run_once_it_is_ready_and_none_after_it_has_stopped(
    server: Server, tmp_path: Path, runs: list[Run]
) -> None:
    server.answers = [NOT_READY, READY]
    run = Run(services(tmp_path), server.url)
    runs.append(run)
    assert run.ready.wait(5)
    assert all(child.pid is not None for child in run.services.lasting)
    run.end()
    assert run.failure is None
    assert all(child.exit_status() is not None for child in run.services.lasting)


@pytest.mark.parametrize("broken", ["migrations", "worker", "api"])
def test_a_part_that_does_not_start_is_named_with_the_end_of_its_log(
    server: Server, tmp_path: Path, runs: list[Run], broken: str
) -> None:
    server.answers = [NOT_READY]
    run = Run(services(tmp_path, **{broken: FAILS}), server.url)
    runs.append(run)
    run.thread.join(5)
    assert f"{broken} ended with status 3." in str(run.failure)
    assert "something broke" in str(run.failure)
    assert all(child.pid is None for child in run.services.lasting)


def test_what_is_not_ready_in_time_says_what_was_missing(server: Server, tmp_path: Path, runs: list[Run]) -> None:
    server.answers = [NOT_READY]
    run = Run(services(tmp_path), server.url, start_timeout_s=5.0)
    runs.append(run)
    run.thread.join(60)
    assert "workers: none is alive" in str(run.failure)


def test_a_start_can_be_interrupted(server: Server, tmp_path: Path, runs: list[Run]) -> None:
    server.answers = [NOT_READY]
    run = Run(services(tmp_path), server.url)
    runs.append(run)
    time.sleep(0.1)
    run.end()
    assert isinstance(run.failure, StackInterruptedError)


def test_a_part_that_is_killed_is_started_again(server: Server, tmp_path: Path, runs: list[Run]) -> None:
    server.answers = [READY]
    run = Run(services(tmp_path), server.url)
    runs.append(run)
    assert run.ready.wait(5)
    first = run.services.worker.pid
    assert first is not None
    os.kill(first, 9)
    deadline = time.monotonic() + 5
    while len(run.told) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.told[0] == "worker was killed by SIGKILL; starting it again in 0.5 s"
    assert run.told[1] == f"worker started again (process {run.services.worker.pid})"
    assert run.services.worker.pid not in {first, None}


@pytest.mark.parametrize(("part", "ends"), [("worker", False), ("api", True)])
def test_only_an_api_that_dies_again_and_again_ends_the_stack(
    server: Server, tmp_path: Path, runs: list[Run], monkeypatch: pytest.MonkeyPatch, part: str, ends: bool
) -> None:
    monkeypatch.setattr("local_stack.restart_backoff.FIRST_PAUSE_S", 0.001)
    server.answers = [READY]
    run = Run(services(tmp_path, **{part: "import time; time.sleep(0.5)"}), server.url)
    runs.append(run)
    assert run.ready.wait(5)
    deadline = time.monotonic() + 30
    while len(run.told) < 12 and run.thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.thread.is_alive() is not ends
    assert ("died again and again" in str(run.failure)) is ends


def test_where_nothing_is_started_again_a_death_ends_everything(
    server: Server, tmp_path: Path, runs: list[Run]
) -> None:
    server.answers = [READY]
    run = Run(services(tmp_path), server.url, restart=False)
    runs.append(run)
    assert run.ready.wait(5)
    api = run.services.api.pid
    assert api is not None
    os.kill(api, 9)
    run.thread.join(5)
    assert "api was killed by SIGKILL" in str(run.failure)
    assert run.services.worker.pid is None


def test_a_broker_of_ones_own_takes_the_place_of_valkey(tmp_path: Path) -> None:
    theirs = build_services(tmp_path, "127.0.0.1", 1, None, {"CLR_BROKER_URL": "redis://elsewhere/0"})
    ours = build_services(tmp_path, "127.0.0.1", 1, None, {"CLR_BROKER_URL": ""})
    assert [child.name for child in theirs.lasting] == ["api", "worker"]
    assert [child.name for child in ours.lasting] == ["api", "worker", "valkey"]
