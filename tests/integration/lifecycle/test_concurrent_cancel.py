"""A user's cancel that comes between what an ending reads and what it writes, in two real sessions of PostgreSQL."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from jobs.database import queries
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.lifecycle import alarms, fenced_write, finish
from jobs.scheduling import node_reservations
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import claim, events, job
from tests.builders import one_cycle, train_spec

WAIT_S = 20.0


@pytest.fixture
def database(migrated_postgres_url: str, open_database: Callable[[str], Database]) -> Database:
    return open_database(migrated_postgres_url)


class Between:
    """Does something from a session of its own when a function is called, until it has ended or waits for a lock."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
        self._database, self._called = database, getattr(module, name)
        self.act: Callable[[], object] | None = None
        self._thread: threading.Thread | None = None
        self.errors: list[Exception] = []
        monkeypatch.setattr(module, name, self)

    def __call__(self, *args: Any, **values: Any) -> Any:
        act, self.act = self.act, None
        if act is not None:
            self._thread = threading.Thread(target=self._run, args=(act,))
            self._thread.start()
            deadline = time.monotonic() + WAIT_S
            while self._thread.is_alive() and not self._waits() and time.monotonic() < deadline:
                time.sleep(0.02)
        return self._called(*args, **values)

    def _run(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:
            self.errors.append(error)

    def _waits(self) -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        with self._database.engine.connect() as connection:
            return bool(connection.execute(text(query)).scalar())

    def join(self) -> None:
        assert self._thread is not None
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        assert self.errors == []


@pytest.fixture
def between(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, str], Between]]:
    made: list[Between] = []

    def make(module: Any, name: str) -> Between:
        made.append(Between(database, monkeypatch, module, name))
        return made[-1]

    yield make
    for each in made:
        each.join()


def give_back(database: Database, mine: Claim) -> None:
    finish.give_back(database, mine, Outcome.WORKER_LOST, max_attempts=3)


def start_again(database: Database, mine: Claim) -> None:
    finish.start_again(database, mine, "it became nan")


@pytest.mark.parametrize(
    ("ending", "module", "name"), [(give_back, fenced_write, "write"), (start_again, alarms, "note")]
)
def test_a_cancel_between_read_and_write_of_an_attempt_that_ends_is_not_lost(
    database: Database, between: Callable[[Any, str], Between], ending: Callable[[Database, Claim], None],
    module: Any, name: str,
) -> None:  # fmt: skip
    job_id = submit.submit(database, train_spec(on_divergence={})).job_id
    mine, wrote = claim(database), between(module, name)
    wrote.act = lambda: submit.cancel(database, job_id)
    ending(database, mine)
    wrote.join()
    assert job(database, job_id).status == Status.CANCELLED
    assert events(database, job_id).count("cancelled") == 1


def test_a_training_that_is_cancelled_while_its_range_test_ends_stays_cancelled(
    database: Database, between: Callable[[Any, str], Between]
) -> None:
    job_id = submit.submit(database, train_spec(schedule=one_cycle("auto"))).job_id
    mine, resolved = claim(database), between(finish, "bounds_of")
    resolved.act = lambda: submit.cancel(database, job_id)
    finish.fail(database, mine, Reason.OUT_OF_MEMORY, "m")
    resolved.join()
    row = job(database, job_id)
    told = events(database, job_id)
    assert row.status in (Status.CANCELLED, Status.FAILED)
    assert told.count("cancelled") + told.count("failed") == 1
    assert row.waits_for is None


def test_a_job_that_is_cancelled_while_its_gathering_is_given_up_has_a_new_version_for_each_change(
    database: Database, between: Callable[[Any, str], Between]
) -> None:
    conditions = {"world_size": 2, "nodes": 2}
    spec = train_spec(conditions=train_spec().model_dump(mode="json")["conditions"] | conditions)
    job_id = submit.submit(database, spec).job_id
    given_up = between(node_reservations, "give_all_up")
    for gather_s, act in ((0.0, None), (0.0, lambda: submit.cancel(database, job_id))):
        given_up.act = act
        with database.write() as session:
            row = queries.get_job(session, job_id)
            node_reservations.take(session, row, worker="w", address="127.0.0.1", gather_s=gather_s, lease_s=30)
    given_up.join()
    assert (job(database, job_id).status, job(database, job_id).version) == (Status.CANCELLED, 3)
