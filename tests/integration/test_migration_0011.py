"""Revision 0011 on a database with data in it: what was stored and recorded before is sound, and goes on."""

from sqlalchemy import text

from jobs import lifecycle, service
from jobs.artifacts import StoredFile
from jobs.db import Database
from jobs.rows import Batch
from migrations.run import downgrade, upgrade
from tests.attempts import claim, points, steps_in_sql
from tests.builders import train_spec


def test_checkpoints_and_attempts_from_before_go_on(database: Database) -> None:
    job_id = service.submit(database, train_spec()).job_id
    mine = claim(database)
    stored = StoredFile(f"{job_id}/checkpoints/1-4", 1, "0" * 64)
    lifecycle.record(database, mine, Batch(points=points(0, 4), checkpoint=stored, checkpoint_step=4))
    downgrade(database, "0010")
    upgrade(database)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT step, damaged_at FROM artifacts")).all() == [(4, None)]
        assert connection.execute(text("SELECT recorded FROM jobs")).all() == [(0,)]
    for _ in range(2):
        lifecycle.record(database, mine, Batch(number=1, points=points(4, 6)))
    assert steps_in_sql(database, job_id) == list(range(6))
