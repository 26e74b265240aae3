"""Who waits for whom: what only reads takes no lock, and what keeps a lease goes before other writes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.database.tables.service import ApiKey
from jobs.lifecycle import claims, recovery
from jobs.lifecycle.recovery import HeldAttempts
from jobs.status import Status
from jobs.submission import submit
from migrations.run import upgrade
from tests.attempts import claim, events, job
from tests.builders import compare, lr_find, lr_find_spec, one_cycle, sweep, train


@contextmanager
def everything_locked(database: Database) -> Iterator[None]:
    """Somebody else is writing: SQLite's only write lock is taken, and so are all rows that a submit would lock."""
    with database.write() as session:
        for table in (Job, ApiKey):
            session.execute(select(table).with_for_update()).all()
        yield


def test_a_validation_waits_for_no_lock(client: TestClient, database: Database) -> None:
    source = client.post("/v1/jobs", json=lr_find()).json()["id"]
    specs = [
        lr_find(), sweep(), compare(), train(schedule=one_cycle("auto")),
        train(conditions=None, schedule=one_cycle({"from_job": source})),
    ]  # fmt: skip
    with everything_locked(database):
        begun = time.monotonic()
        answers = [client.post("/v1/jobs:validate", json=spec).status_code for spec in specs]
        took_s = time.monotonic() - begun
    assert answers == [200] * len(specs)
    assert took_s < 25  # a writer would have waited for 30 s, or for ever


def test_to_look_up_a_key_waits_for_no_lock(database: Database, database_url: str) -> None:
    new, other = api_keys.create(database, name="reader", scope=Scope.READ), Database(database_url)
    with everything_locked(database):
        found = api_keys.find(other, api_keys.digest(new.secret))
    other.close()
    assert found is not None
    assert found.last_used_at is None
    assert api_keys.find(database, api_keys.digest(new.secret)) is not None
    with database.read() as session:
        assert session.scalars(select(ApiKey.last_used_at)).one() is not None


@pytest.fixture
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('data') / 'clr.sqlite3'}")
    upgrade(database)
    yield database
    database.close()


def test_a_renewal_goes_before_writers_that_came_earlier(sqlite: Database) -> None:
    submit.submit(sqlite, lr_find_spec())
    mine, order = claim(sqlite), list[str]()

    def write() -> None:
        with sqlite.write():
            order.append("batch")

    def renew() -> None:
        claims.renew(sqlite, mine, lease_s=30)
        order.append("renewal")

    with sqlite.write():
        threads = [threading.Thread(target=target) for target in (write, write, write, renew)]
        for thread in threads:
            thread.start()
        while len(sqlite._writer_queue._waiting) < len(threads):
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert order[:2].count("renewal") == 1


def test_a_renewal_comes_through_when_another_process_lets_go_and_gives_up_at_the_leases_end(sqlite: Database) -> None:
    submit.submit(sqlite, lr_find_spec())
    mine, other = claim(sqlite), Database(str(sqlite.engine.url))
    with other.write(), pytest.raises(OperationalError, match="locked"):
        claims.renew(sqlite, mine, lease_s=0.3)
    before = job(sqlite, mine.job_id).lease_expires_at or 0
    renewal = threading.Thread(target=claims.renew, args=(sqlite, mine), kwargs={"lease_s": 60})
    with other.write():
        renewal.start()
        time.sleep(0.2)
    renewal.join()
    other.close()
    assert (job(sqlite, mine.job_id).lease_expires_at or 0) > before + 20
    with sqlite.read() as session:
        assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_writers_that_wait_for_too_long_give_up_and_the_next_ones_have_their_turn(sqlite: Database) -> None:
    with sqlite.write(), pytest.raises(OperationalError, match="locked"), sqlite.write(wait_s=0.05):
        pass
    with sqlite.write(wait_s=0.0):
        pass


def test_nobody_takes_back_an_attempt_that_its_own_process_runs(database: Database) -> None:
    job_id = submit.submit(database, lr_find_spec()).job_id
    mine = claim(database)
    with database.write() as session:
        session.execute(update(Job).values(lease_expires_at=1.0))
    kept = HeldAttempts(lambda *attempt: attempt == (mine.job_id, mine.attempt), lease_s=60)
    assert recovery.recover_jobs(database, max_attempts=3, kept=kept) == []
    found = job(database, job_id)
    assert found.status == Status.RUNNING
    assert (found.lease_expires_at or 0) > 1
    with database.write() as session:
        session.execute(update(Job).values(lease_expires_at=1.0))
    claims.renew(database, mine, lease_s=60)  # late, and nobody has taken the job: it is still ours
    assert recovery.recover_jobs(database, max_attempts=3) == []
    with database.write() as session:
        session.execute(update(Job).values(lease_expires_at=1.0))
    assert recovery.recover_jobs(database, max_attempts=3, kept=HeldAttempts(lambda *_: False)) == [job_id]
    assert events(database, job_id)[-1] == "requeued"
