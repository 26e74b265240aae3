"""What grows how: SQL statements, rows, bytes and messages for 1, 10, 100 and 1,000 jobs that run at the same time.

The jobs are real rows, written through the calls that API and workers make; no ranks run, since what they report is the
same whatever they compute. For each number of jobs, in an empty database: all are submitted, as many again wait
behind them, all are claimed, each reports its steps in batches as a running training does and ends. Statements are
counted (COMMIT not, BEGIN on SQLite), and CPU time of this process, in which SQLite works; wall time would
say more about who else uses the machine. Messages go to a real Valkey. The last line is the table as JSON.

    python benchmarks/scaling.py [--jobs 1 10 100 1000] [--url postgresql+psycopg://…]    # the database must be empty
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from redis import Redis
from sqlalchemy import event, func, select, text

from jobs.config.settings import Settings
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.database.tables.jobs import Bucket, Point
from jobs.lifecycle import claims, finish, recovery
from jobs.scheduling import workers
from jobs.scheduling.broker import WorkerNotifier
from jobs.scheduling.workers import WorkerInfo
from jobs.spec.job import TrainSpec
from jobs.submission import submit
from local_stack.valkey import Valkey
from migrations.run import downgrade, upgrade
from worker.attempt.lease import LONGEST_PAUSE_S, RENEWALS_PER_LEASE

BATCH_STEPS = 25  # a training reports every quarter of a second
METRICS = ("train_loss", "lr", "momentum")
RINGS = 200
REPEATS = 5
LEASE_S = 600.0
SPEC: dict[str, Any] = {
    "kind": "train",
    "conditions": {
        "model": {"name": "mlp"}, "dataset": {"name": "digits"}, "optimizer": {"name": "sgd", "momentum": 0.9},
        "world_size": 1, "global_batch_size": 128,
    },
    "schedule": {"name": "one_cycle", "max_lr": 0.1},
    "steps": 10_000,
}  # fmt: skip


class Meter:
    """Counts statements, and seconds of this process's CPU, by what they are for."""

    def __init__(self, database: Database) -> None:
        self._statements = 0
        self.found: dict[str, tuple[float, float]] = {}
        event.listen(database.engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self._statements += 1

    @contextmanager
    def of(self, what: str, times: int) -> Iterator[None]:
        """Measure a block that does something so many times: statements and CPU milliseconds of one."""
        before, begun = self._statements, time.process_time()
        yield
        seconds = time.process_time() - begun
        self.found[what] = ((self._statements - before) / times, 1e3 * seconds / times)


def batch_of(number: int) -> Batch:
    """What a training reports at once."""
    steps = range(number * BATCH_STEPS, (number + 1) * BATCH_STEPS)
    points = [MetricPoint(metric, 0, step, 1.0 / (1 + step)) for metric in METRICS for step in steps]
    return Batch(points=points, progress={"step": steps.stop}, latest={"train_loss": 1.0})


def measure(database: Database, count: int, batches: int) -> dict[str, Any]:
    """Submit, run and end so many jobs; what each of these took."""
    meter, spec, held = Meter(database), TrainSpec.model_validate(SPEC), list[Claim]()
    with meter.of("submit", 2 * count):
        for _ in range(2 * count):
            submit.submit(database, spec)
    with meter.of("claim", count):
        for number in range(count):
            found = claims.claim_next(database, worker=f"w{number}", slots=1, free=1, lease_s=LEASE_S)
            assert found is not None
            held.append(found)
    size = size_of(database)
    with meter.of("report", batches * count):
        for number in range(batches):
            for claim in held:
                claims.record(database, claim, batch_of(number))
    size = size_of(database) - size
    with meter.of("renew", count):
        for claim in held:
            claims.renew(database, claim, lease_s=LEASE_S)
    worker = WorkerInfo("w0", "h", 1, 1, "cpu")
    with meter.of("sweep", REPEATS):
        for _ in range(REPEATS):
            workers.beat(database, worker, ttl_s=30)
            recovery.recover_jobs(database, max_attempts=3)
    with database.read() as session:
        rows = {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) for table in (Point, Bucket)
        }
    with meter.of("end", count):
        for claim in held:
            finish.succeed(database, claim, {})
    steps = count * batches * BATCH_STEPS
    return {
        "jobs": count,
        "statements": {what: round(found[0], 2) for what, found in meter.found.items()},
        "cpu_ms": {what: round(found[1], 2) for what, found in meter.found.items()},
        "rows_per_step": {name: round((number or 0) / steps, 3) for name, number in rows.items()},
        "bytes_per_step": round(size / steps, 1),
    }


def size_of(database: Database) -> int:
    """Bytes of the database; on SQLite without what its log still holds, which is written out first."""
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        else:
            query = "SELECT pg_database_size(current_database())"
        return int(connection.scalar(text(query)) or 0)


def messages(folder: Path) -> dict[str, float]:
    """Commands and bytes that one message to the workers costs the broker."""
    valkey = Valkey({}, folder)
    valkey.child.start()
    try:
        while not valkey.answers():
            time.sleep(0.02)
        broker, notifier = Redis.from_url(valkey.url), WorkerNotifier(valkey.url)
        notifier.notify("job_" + 32 * "0")  # connects
        before: dict[str, Any] = broker.info()
        for _ in range(RINGS):
            notifier.notify("job_" + 32 * "0")
        after: dict[str, Any] = broker.info()
        notifier.close()
        broker.close()
    finally:
        valkey.child.stop(2.0, Event())
    names = {"commands": "total_commands_processed", "bytes": "total_net_input_bytes"}
    return {name: round((after[field] - before[field]) / RINGS, 1) for name, field in names.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--batches", type=int, default=4, help=f"reports of each job, {BATCH_STEPS} steps each")
    parser.add_argument("--url", help="an empty PostgreSQL database; left out: a SQLite file of its own")
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="clr-scaling-") as name:
        folder = Path(name)
        for count in options.jobs:
            database = Database(options.url or f"sqlite:///{folder / f'{count}.sqlite3'}")
            upgrade(database)
            found.append(measure(database, count, options.batches))
            print(json.dumps(found[-1]))
            if options.url:
                downgrade(database, "base")
            database.close()
        message = messages(folder)
    lease_s = Settings.model_fields["lease_s"].default
    renewals_per_s = 1 / min(lease_s / RENEWALS_PER_LEASE, LONGEST_PAUSE_S)
    print(json.dumps({"message": message, "renewals_per_s": renewals_per_s, "runs": found}))


if __name__ == "__main__":
    main()
