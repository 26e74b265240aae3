"""PostgreSQL behind a proxy that stops to hand anything on: real connections that neither answer nor end."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import make_url, text

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.files.artifacts import ArtifactStore
from jobs.submission import submit
from migrations.run import upgrade
from tests.api_requests import dead_port
from tests.attempts import claim
from tests.blocking_proxy import BlockingProxy
from tests.builders import lr_find_spec
from worker.attempt.lease import HeldLeases, Lease
from worker.attempt.supervisor import Supervisor
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.slots import Slots
from worker.launch.launcher import Launcher, NotStartedError, Ranks

TIMEOUT_S = 1.0  # for what only reads: a write of a busy machine may pause for longer between two statements
WRITE_TIMEOUT_S = 3.0


@pytest.fixture
def hole(postgres_url: str) -> Iterator[BlockingProxy]:
    url = make_url(postgres_url)
    folder = url.query.get("host")
    target = f"{folder}/.s.PGSQL.{url.port or 5432}" if folder else (url.host or "127.0.0.1", url.port or 5432)
    with BlockingProxy(target) as hole:
        yield hole


@pytest.fixture
def url(hole: BlockingProxy, postgres_url: str) -> str:
    through = make_url(postgres_url).set(host="127.0.0.1", port=hole.port, query={})
    return through.render_as_string(hide_password=False)


@pytest.fixture
def patient(url: str) -> Iterator[Database]:
    """A migrated database, asked without a limit."""
    database = Database(url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def database(patient: Database, url: str) -> Iterator[Database]:
    del patient  # migrated
    database = Database(url, timeout_s=TIMEOUT_S)
    yield database
    database.close()


@pytest.mark.usefixtures("patient")
def test_the_api_answers_in_bounded_time(hole: BlockingProxy, url: str, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(url), database_timeout_s=TIMEOUT_S,
        broker_url=SecretStr(f"redis://127.0.0.1:{dead_port()}/0"),
    )  # fmt: skip
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        assert client.get("/v1/jobs").status_code == 200
        hole.swallow()
        begun = time.monotonic()
        answers = {path: client.get(path).status_code for path in ("/v1/jobs", "/readyz", "/healthz")}
        took_s = time.monotonic() - begun
    assert answers == {"/v1/jobs": 503, "/readyz": 503, "/healthz": 200}
    assert took_s < 60  # it was for ever


def test_the_end_of_a_lease_is_judged_while_its_renewal_hangs(hole: BlockingProxy, patient: Database) -> None:
    submit.submit(patient, lr_find_spec())
    ended = threading.Event()
    lease = Lease(patient, claim(patient), 1.5)
    lease.ends(ended.set)
    hole.swallow()
    with lease:
        assert ended.wait(30)
        assert lease.lost.is_set()
        hole._is_open.set()


class NeverStarts(Launcher):
    """Finds that ranks cannot be started, when SQL has been silent for longer than the lease."""

    def __init__(self, hole: BlockingProxy, has_lease: Callable[[], bool]) -> None:
        super().__init__()
        self._hole, self._has_lease = hole, has_lease

    def launch(self, *_: object, **__: object) -> Ranks:
        self._hole.swallow()
        while self._has_lease():
            time.sleep(0.05)
        raise NotStartedError("no process can be started")


def test_an_attempt_that_cannot_say_how_it_ended_until_its_lease_is_over_is_no_error_of_the_worker(
    hole: BlockingProxy, patient: Database, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = submit.submit(patient, lr_find_spec()).job_id
    database = Database(url, timeout_s=WRITE_TIMEOUT_S)
    settings, leases = Settings(data_dir=tmp_path, lease_s=1.5), HeldLeases()
    launcher, store = NeverStarts(hole, lambda: leases.has(job_id, 1)), ArtifactStore(settings.artifacts_dir)
    supervisor = Supervisor(database, store, launcher, settings, False, threading.Event(), redact=str, leases=leases)
    dispatcher = Dispatcher(name="w", database=database, slots=Slots(2), supervisor=supervisor, settings=settings)
    dispatcher.start_waiting()
    dispatcher.join()
    database.close()
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert "lost its lease" in caplog.text
    assert dispatcher.slots.free == 2


def test_a_statement_that_takes_too_long_is_ended_by_a_server_that_lives(database: Database) -> None:
    with database.read() as session, pytest.raises(Exception, match="statement timeout"):
        session.execute(text("SELECT pg_sleep(20)"))
    with database.read() as session:
        assert session.scalar(text("SELECT 1")) == 1
