"""Revision 0009 on a database with data in it: attempts of before hold what their jobs need."""

from sqlalchemy import text

from jobs import lifecycle, service
from jobs.db import Database
from migrations.run import downgrade, upgrade
from tests.builders import lr_find_spec


def test_attempts_from_before_hold_the_slots_of_their_jobs(database: Database) -> None:
    service.submit(database, lr_find_spec())
    claim = lifecycle.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert claim is not None
    downgrade(database, "0008")
    upgrade(database)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT number, slots FROM attempts")).all() == [(1, 2)]
    lifecycle.hold(database, claim, slots=6)
    lifecycle.renew(database, claim, lease_s=30)
