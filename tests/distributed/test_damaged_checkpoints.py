"""A training whose checkpoints are damaged in the store ends as one that never stopped, with real ranks."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.records import Batch
from jobs.database.session import Database
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish
from jobs.maintenance import integrity_check
from jobs.status import Outcome, Status
from jobs.submission import submit
from migrations.run import upgrade
from tests.attempts import NoSpare, claim, events, job, points, steps_in_sql
from tests.builders import conditions, train_spec
from worker.attempt.supervisor import Supervisor
from worker.launch.launcher import Launcher

STEPS = 20


class Worker:
    """A worker's supervisor over a folder, without its queue."""

    def __init__(self, folder: Path, database: Database) -> None:
        settings, launcher = Settings(data_dir=folder), Launcher()
        launcher.warm()
        self.database, self.store = database, ArtifactStore(settings.artifacts_dir)
        self._supervisor = Supervisor(
            database, self.store, launcher, settings, on_cuda=False, stopping=threading.Event()
        )

    def attempt(self) -> None:
        """One attempt at the job whose turn it is, to its end."""
        self._supervisor.run(claim(self.database), (0,), NoSpare())


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with closing(Database(f"sqlite:///{tmp_path / 'clr.sqlite3'}")) as database:
        upgrade(database)
        yield Worker(tmp_path, database)


def lose_with_damaged_checkpoints(worker: Worker, job_id: str) -> None:
    """An attempt with two checkpoints: what torch cannot load, though SQL has its SHA-256, and then a flipped byte."""
    mine = claim(worker.database)
    assert mine.job_id == job_id
    source = worker.store.path("source")
    for step in (4, 8):
        source.write_bytes(b"no checkpoint")
        stored = worker.store.put(f"{job_id}/checkpoints/attempt-1-step-{step}.pt", source)
        batch = Batch(points=points(step - 4, step), checkpoint=stored, checkpoint_step=step)
        claims.record(worker.database, mine, batch)
    worker.store.path(f"{job_id}/checkpoints/attempt-1-step-8.pt").write_bytes(b"no_checkpoint")
    source.unlink()
    finish.give_back(worker.database, mine, Outcome.HANDED_BACK, max_attempts=1)


def test_a_flipped_byte_and_a_file_that_torch_cannot_load_cost_neither_the_job_nor_its_tries(worker: Worker) -> None:
    database = worker.database
    spec = train_spec(conditions=conditions(world_size=1), steps=STEPS, max_attempts=1)
    whole, harmed = (submit.submit(database, spec).job_id for _ in range(2))
    worker.attempt()
    lose_with_damaged_checkpoints(worker, harmed)
    while job(database, harmed).status == Status.QUEUED:
        worker.attempt()
    row = job(database, harmed)
    assert (row.status, row.failures) == (Status.SUCCEEDED, 0), row.error
    with database.read() as session:
        outcomes = [str(each.outcome) for each in queries.attempts_of(session, harmed)]
        models = [queries.files_of(session, each, "model")[0].sha256 for each in (whole, harmed)]
    assert outcomes == ["handed_back", "checkpoint_damaged", "succeeded"]
    assert events(database, harmed).count("checkpoint_damaged") == 2
    assert steps_in_sql(database, harmed) == list(range(STEPS))
    assert models[0] == models[1], "the same weights to the last bit"
    assert integrity_check.inspect_storage(database, worker.store.path("."), hashes=True) == []
