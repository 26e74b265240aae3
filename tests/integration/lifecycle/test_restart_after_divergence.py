"""Trainings that diverge and start again, on both databases."""

from typing import Any

import pytest

from jobs.database import queries
from jobs.database.records import Batch, Claim
from jobs.database.session import Database
from jobs.database.tables.jobs import Event
from jobs.files.artifacts import StoredFile
from jobs.lifecycle import claims, finish
from jobs.spec.resolved import ResolvedTraining
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import claim, job, points, steps_in_sql
from tests.builders import train_spec

ALARM = {"code": "plateau", "step": 9, "message": "m", "evidence": {"fall": 0.0}, "advice": "a"}


def checkpoint(owner: Claim, step: int, *, best: bool = False) -> Batch:
    stored = StoredFile(f"{owner.job_id}/checkpoints/{owner.attempt}-{step}", 1, "0" * 64)
    return Batch(checkpoint=stored, checkpoint_step=step, checkpoint_is_best=best)


def kept(database: Database, job_id: str) -> list[tuple[int | None, bool]]:
    with database.read() as session:
        return [(row.step, row.best) for row in queries.checkpoints_of(session, job_id)]


def events(database: Database, job_id: str, kind: str) -> list[dict[str, Any]]:
    with database.read() as session:
        found = session.query(Event).filter_by(job_id=job_id, type=kind).order_by(Event.seq)
        return [event.data for event in found]


def test_a_training_that_diverged_starts_again_from_the_beginning_and_then_fails(database: Database) -> None:
    asked = {"lower_max_lr_by": 4.0, "tries": 1}
    job_id = submit.submit(database, train_spec(on_divergence=asked)).job_id
    owner = claim(database)
    claims.record(database, owner, Batch(points=points(0, 10), progress={"step": 10}, alarms=[ALARM]))
    claims.record(database, owner, checkpoint(owner, 10))
    assert finish.start_again(database, owner, "it became nan")
    assert kept(database, job_id) == []
    again = claim(database)
    assert (again.attempt, again.resume) == (2, None)
    assert isinstance(again.job.resolved, ResolvedTraining)
    assert again.job.resolved.max_lr == pytest.approx(0.1 / 4)
    assert steps_in_sql(database, job_id) == []
    assert (job(database, job_id).alarms, job(database, job_id).failures) == ([], 0)
    (told,) = events(database, job_id, "restarted")
    assert (told["rates"], told["last_step"], told["alarms"]) == ({"max_lr": 0.1}, 10, [ALARM])
    assert not finish.start_again(database, again, "again")
    finish.fail(database, again, Reason.DIVERGED, "again")
    assert job(database, job_id).status == Status.FAILED
    with database.read() as session:
        assert [each.outcome for each in queries.attempts_of(session, job_id)] == [Outcome.DIVERGED, Outcome.FAILED]


def test_a_training_that_is_being_cancelled_does_not_start_again(database: Database) -> None:
    job_id = submit.submit(database, train_spec(on_divergence={})).job_id
    owner = claim(database)
    submit.cancel(database, job_id)
    assert not finish.start_again(database, owner, "it became nan")
