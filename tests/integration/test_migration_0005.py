"""Revision 0005 with data in the tables: up keeps all, down keeps all but what the old schema cannot say."""

from collections.abc import Callable

from sqlalchemy import text

from jobs import keys, service
from jobs.db import Database
from jobs.keys import Scope
from jobs.owners import View
from migrations.run import downgrade, upgrade
from tests.builders import lr_find_spec


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_up_and_down_with_data(database_url: str, open_database: Callable[[str], Database]) -> None:
    database = open_database(database_url)
    upgrade(database)
    ada, bob = (database.seen_by(View(name, sees_all=False)) for name in ("ada", "bob"))
    first = service.submit(ada, lr_find_spec(), key="once", body=b"1").job_id
    second = service.submit(bob, lr_find_spec(), key="once", body=b"2").job_id
    keys.create(database, name="ada", scope=Scope.READ)
    downgrade(database, "0004")
    assert rows(database, "SELECT key, job_id FROM idempotency_keys") == [("once", first)]
    assert len(rows(database, "SELECT seq FROM events")) == 2
    assert {row[0] for row in rows(database, "SELECT id FROM jobs")} == {first, second}
    upgrade(database)
    assert rows(database, "SELECT owner, key, job_id FROM idempotency_keys") == [("", "once", first)]
    assert rows(database, "SELECT DISTINCT owner FROM jobs") == [(None,)]
    assert service.submit(database, lr_find_spec(), key="once", body=b"1").job_id == first
    assert rows(database, "SELECT count(*) FROM api_keys") == [(0,)]
