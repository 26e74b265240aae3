"""Which checkpoints of a job are kept, on both databases."""

from jobs.database import queries
from jobs.database.records import Batch, Claim
from jobs.database.session import Database
from jobs.files.artifacts import StoredFile
from jobs.lifecycle import claims
from jobs.submission import submit
from tests.attempts import claim
from tests.builders import train_spec


def checkpoint(owner: Claim, step: int, *, best: bool = False) -> Batch:
    stored = StoredFile(f"{owner.job_id}/checkpoints/{owner.attempt}-{step}", 1, "0" * 64)
    return Batch(checkpoint=stored, checkpoint_step=step, checkpoint_is_best=best)


def kept(database: Database, job_id: str) -> list[tuple[int | None, bool]]:
    with database.read() as session:
        return [(row.step, row.best) for row in queries.checkpoints_of(session, job_id)]


def test_the_last_two_checkpoints_and_the_best_are_kept(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    owner = claim(database)
    for step, best in ((10, False), (20, True), (30, False), (40, False), (50, False)):
        claims.record(database, owner, checkpoint(owner, step, best=best))
    assert kept(database, job_id) == [(50, False), (40, False), (20, True)]
    claims.record(database, owner, checkpoint(owner, 60, best=True))
    claims.record(database, owner, checkpoint(owner, 70))
    assert kept(database, job_id) == [(70, False), (60, True)]
