"""Writes the data that `test_upgrade` upgrades. Each release writes it with its own code:

git archive v0.1.0 | tar -x -C OLD
cd OLD && python -m tests.integration.database.upgrade.write release-0.1.0.sql
"""

import math
import sqlite3
import sys
import tempfile
from pathlib import Path

from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish
from jobs.spec.job import job_spec
from jobs.status import Reason
from jobs.submission import submit
from migrations.run import upgrade

CONDITIONS = {
    "model": {"name": "mlp", "options": {"hidden": [16]}},
    "dataset": {"name": "digits"},
    "optimizer": {"name": "sgd", "momentum": 0.9},
    "world_size": 2,
    "global_batch_size": 64,
}
SWEEP = {"start_lr": 1e-5, "end_lr": 10, "steps": 100, "replicas": 1}
PEAK = {"name": "one_cycle", "max_lr": "auto"}


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clr.sqlite3"
        database = Database(f"sqlite:///{path}")
        upgrade(database)
        write(database, ArtifactStore(Path(folder) / "artifacts"), Path(folder))
        database.close()
        with sqlite3.connect(path) as connection:
            target.write_text("\n".join(connection.iterdump()) + "\n")


def write(database: Database, store: ArtifactStore, folder: Path) -> None:
    """A training with its own range test, half done; one that failed; one that waits; one that was cancelled."""
    spec = {"kind": "train", "conditions": CONDITIONS, "schedule": PEAK, "steps": 1000, "range_test": SWEEP}
    submit.submit(database, job_spec.validate_python({**spec, "name": "half done"}), key="key", body=b"body")
    test = claim(database)
    lrs = [1e-5 * 1e6 ** (step / 99) for step in range(100)]
    losses = [2.3 - 1.5 / (1 + (0.01 / lr) ** 2) + (lr / 2) ** 3 for lr in lrs]
    values = {"lr": lrs, "train_loss": losses}
    points = [MetricPoint(name, 0, step, each[step]) for name, each in values.items() for step in range(100)]
    claims.record(database, test, Batch(points=points, progress={"step": 100}))
    finish.succeed(database, test, {})
    mine = claim(database)
    source = folder / "checkpoint"
    source.write_bytes(b"weights")
    stored = store.put(f"{mine.job_id}/checkpoints/attempt-1-step-400.pt", source)
    wild = {7: math.nan, 8: math.inf, 9: 1e308}
    points = [MetricPoint("train_loss", 0, step, wild.get(step, 1 / (step + 1))) for step in range(430)]
    latest = {"train_loss": 0.5, "lr": 0.1}
    claims.record(database, mine, Batch(points=points[:400], checkpoint=stored, checkpoint_step=400))
    claims.record(database, mine, Batch(points=points[400:], progress={"step": 430}, latest=latest))
    plain = {"kind": "train", "conditions": CONDITIONS, "schedule": {"name": "one_cycle", "max_lr": 0.1}, "steps": 20}
    submit.submit(database, job_spec.validate_python({**plain, "name": "failed"}))
    finish.fail(database, claim(database), Reason.OUT_OF_MEMORY, "the device has too little memory")
    cancelled = submit.submit(database, job_spec.validate_python({**plain, "name": "cancelled"})).job_id
    submit.cancel(database, cancelled)
    submit.submit(database, job_spec.validate_python({**plain, "name": "waits"}))


def claim(database: Database) -> Claim:
    found = claims.claim_next(database, worker="old", slots=2, free=2, lease_s=1.0)
    assert found is not None
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
