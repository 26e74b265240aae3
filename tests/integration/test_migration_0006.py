"""Revision 0006 on a database with data in it: nothing is lost on the way up, down and up."""

from sqlalchemy import text

from jobs import lifecycle, registry, service
from jobs.db import Database
from jobs.registry import WorkerInfo
from jobs.rows import Batch, MetricPoint
from migrations.run import downgrade, upgrade
from tests.builders import sweep_spec, train_spec

TABLES = ("jobs", "attempts", "events", "points", "buckets", "workers")


def test_rows_survive_the_way_down_and_up(database: Database) -> None:
    service.submit(database, train_spec(priority=3, max_runtime_s=10.0))
    service.submit(database, sweep_spec())
    registry.beat(database, WorkerInfo("w", "h", 1, 2, "cpu"), ttl_s=30)
    claim = lifecycle.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert claim is not None
    lifecycle.record(database, claim, Batch(points=[MetricPoint("train_loss", 0, step, 1.0) for step in range(20)]))

    def counts() -> list[int]:
        with database.engine.connect() as connection:
            return [connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in TABLES]

    before = counts()
    assert all(before)
    downgrade(database, "0005")
    assert counts() == before
    upgrade(database)
    assert counts() == before
    with database.engine.connect() as connection:
        rows = connection.execute(text("SELECT priority, ran_s, deadline_at, cancel_mode FROM jobs")).all()
        assert set(map(tuple, rows)) == {(0, 0.0, None, None)}
        assert tuple(connection.execute(text("SELECT draining, beat_at FROM workers")).one()) == (False, 0.0)
    lifecycle.renew(database, claim, lease_s=30)
