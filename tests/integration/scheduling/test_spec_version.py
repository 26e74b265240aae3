"""Jobs of a newer version in the queue, rows that cannot be read, and a reaper that goes on all the same."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import update

from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish, recovery
from jobs.scheduling import workers
from jobs.scheduling.spec_version import SPEC_VERSION
from jobs.scheduling.workers import WorkerInfo
from jobs.status import Reason
from jobs.submission import submit as service
from tests.attempts import claim, job
from tests.builders import conditions, lr_find_spec, one_cycle, train_spec
from worker.attempt.supervisor import Supervisor
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.health import ComponentFailures
from worker.dispatch.poller import Poller
from worker.dispatch.reaper import Reaper
from worker.dispatch.slots import Slots
from worker.launch.launcher import Launcher

OURS = WorkerInfo("w", "host", 1, 2, "cpu")
NEWER = WorkerInfo("newer", "host", 2, 2, "cpu", spec_version=SPEC_VERSION + 1)


def submit(database: Database) -> str:
    return service.submit(database, train_spec()).job_id


def change(database: Database, job_id: str, **values: object) -> None:
    with database.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(**values))


def make_newer(database: Database, job_id: str) -> None:
    spec = job(database, job_id).spec
    change(database, job_id, spec=spec | {"of_tomorrow": 1}, spec_version=SPEC_VERSION + 1)


def test_a_newer_job_does_not_block_the_queue_and_waits_for_a_worker_that_can_read_it(database: Database) -> None:
    workers.beat(database, OURS, ttl_s=60)
    newer, behind = submit(database), submit(database)
    make_newer(database, newer)
    recovery.recover_jobs(database, max_attempts=3)
    assert job(database, newer).reason == Reason.NO_MATCHING_WORKER
    assert job(database, behind).reason is None
    assert claim(database).job_id == behind
    assert claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30) is None
    workers.beat(database, NEWER, ttl_s=60)
    recovery.recover_jobs(database, max_attempts=3)
    assert (job(database, newer).status, job(database, newer).reason) == ("queued", None)


def test_a_newer_job_that_is_lost_is_left_to_those_who_can_read_it(database: Database) -> None:
    newer, ours = submit(database), submit(database)
    claim(database), claim(database)
    make_newer(database, newer)
    for job_id in (newer, ours):
        change(database, job_id, lease_expires_at=1.0)
    recovery.recover_jobs(database, max_attempts=3)
    assert [job(database, job_id).status for job_id in (newer, ours)] == ["running", "queued"]


def test_a_job_that_cannot_be_read_fails_when_it_would_start_and_the_next_one_starts(database: Database) -> None:
    broken, behind = submit(database), submit(database)
    change(database, broken, spec=job(database, broken).spec | {"of_tomorrow": 1})
    assert claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30) is None
    found = job(database, broken)
    assert (found.status, found.reason, found.attempt) == ("failed", Reason.INTERNAL_ERROR, 0)
    assert "of_tomorrow" in (found.error or {})["message"]
    assert claim(database).job_id == behind


def test_a_row_that_cannot_be_read_keeps_no_other_from_being_mended(database: Database) -> None:
    broken, ours = submit(database), submit(database)
    claim(database), claim(database)
    for job_id in (broken, ours):
        change(database, job_id, lease_expires_at=1.0)
    spec = job(database, broken).spec
    change(database, broken, spec=[])
    found: dict[str, Exception] = {}
    assert recovery.recover_jobs(database, max_attempts=3, report=found.__setitem__) == [ours]
    assert list(found) == [broken]
    change(database, broken, spec=spec)
    assert recovery.recover_jobs(database, max_attempts=3) == [broken]


def test_a_range_test_ends_although_what_waits_for_it_cannot_be_read(database: Database) -> None:
    source = service.submit(database, lr_find_spec()).job_id
    waiting = service.submit(
        database, train_spec(conditions=conditions(), schedule=one_cycle({"from_job": source}))
    ).job_id  # fmt: skip
    spec = job(database, waiting).spec
    change(database, waiting, spec=spec | {"of_tomorrow": 1})
    mine = claim(database)
    finish.fail(database, mine, Reason.INTERNAL_ERROR, "for this test")
    assert job(database, source).status == "failed"
    found: dict[str, Exception] = {}
    recovery.recover_jobs(database, max_attempts=3, report=found.__setitem__)
    assert {each: type(error) for each, error in found.items()} == {waiting: ValidationError}
    change(database, waiting, spec=spec)
    recovery.recover_jobs(database, max_attempts=3)
    assert (job(database, waiting).status, job(database, waiting).reason) == ("failed", Reason.PARENT_FAILED)


@pytest.fixture
def poller(database: Database, database_url: str, tmp_path: Path) -> Poller:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(database_url), sweep_interval_s=0.05)
    supervisor = Supervisor(database, ArtifactStore(tmp_path), Launcher(), settings, False, threading.Event())
    dispatcher = Dispatcher(
        name="w", database=database, slots=Slots(2), supervisor=supervisor, settings=settings
    )  # fmt: skip
    return Poller(dispatcher, 0.05, ComponentFailures())


@pytest.fixture
def reaper(poller: Poller, database: Database, database_url: str, tmp_path: Path) -> Iterator[Reaper]:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(database_url), sweep_interval_s=0.05)
    reaper = Reaper(
        database=database, info=OURS, dispatcher=poller.dispatcher, poller=poller, failures=poller.failures,
        settings=settings,
    )  # fmt: skip
    reaper.start()
    yield reaper
    reaper.stop()


def troubles(database: Database) -> dict[str, str] | None:
    with database.read() as session:
        return {worker.name: worker.troubles or {} for worker in queries.live_workers(session)}.get("w")


def await_troubles(database: Database, parts: set[str] | None) -> None:
    deadline = time.monotonic() + 30
    while (found := troubles(database)) is None or set(found) != parts:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_a_sweep_goes_on_over_a_row_that_it_cannot_mend_and_says_so(
    database: Database, reaper: Reaper, client: TestClient
) -> None:
    del reaper
    await_troubles(database, set())
    broken = submit(database)
    claim(database)
    spec = job(database, broken).spec
    change(database, broken, spec=[], lease_expires_at=1.0)
    await_troubles(database, {broken})
    health = client.get("/readyz").json()
    assert (health["status"], health["checks"]["troubles"]) == ("degraded", "1 of 1 workers fail at: jobs")
    assert "clr_worker_troubles 1.0" in client.get("/metrics").text
    change(database, broken, spec=spec)
    await_troubles(database, set())
    assert client.get("/readyz").json()["checks"]["troubles"] == "ok"
    assert job(database, broken).status == "queued"


def test_a_worker_that_cannot_start_jobs_is_not_ready(
    database: Database, poller: Poller, reaper: Reaper, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    del reaper

    def fail() -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(poller.dispatcher, "start_waiting", fail)
        poller.start()
        await_troubles(database, {"look"})
        response = client.get("/readyz")
        assert (response.status_code, response.json()["checks"]["workers"]) == (503, "none can start jobs")
    poller.dispatcher.draining.set()
    await_troubles(database, set())
    poller.stop()


def test_a_worker_whose_look_hangs_does_not_beat(
    database: Database, poller: Poller, reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    came_back = threading.Event()
    await_troubles(database, set())
    monkeypatch.setattr("worker.dispatch.poller.STALLED_AFTER_S", 0.0)
    monkeypatch.setattr(poller.dispatcher, "start_waiting", came_back.wait)
    poller.start()
    deadline = time.monotonic() + 30
    while troubles(database) is not None:  # a beat may have been on its way
        assert time.monotonic() < deadline
        workers.leave(database, "w")
        reaper._beat(60)
    came_back.set()
    await_troubles(database, set())
    poller.stop()
