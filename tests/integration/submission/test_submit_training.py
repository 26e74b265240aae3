"""Trainings and the range tests that they take their peak from, on SQLite and on PostgreSQL."""

import pytest

from jobs.database.records import Batch, MetricPoint
from jobs.database.session import Database
from jobs.errors import ConditionsDifferError, NoBoundsError, UnusableBoundsError
from jobs.lifecycle import claims, finish
from jobs.spec.resolved import ResolvedTraining
from jobs.status import Reason, Status
from jobs.submission import submit
from tests.attempts import LEASE_S, claim, job
from tests.builders import conditions, lr_find_spec, one_cycle, train_spec


def sweep_curve() -> Batch:
    """A range test as in a book: falls from 2.3, turns at 0.1, explodes above 1."""
    batch = Batch()
    for step in range(80):
        lr = 10 ** (-5 + step * 6 / 79)
        loss = 2.3 / (1 + (lr / 0.01) ** 1.5) + 0.2 + (lr / 0.5) ** 2
        batch.points += [MetricPoint("lr", 0, step, lr), MetricPoint("train_loss", 0, step, loss)]
    return batch


def test_a_training_waits_for_the_range_test_that_it_takes_its_peak_from(database: Database) -> None:
    training = submit.submit(database, train_spec(schedule=one_cycle("auto")))
    assert training.runnable_id != training.job_id
    mine = claim(database)
    assert mine.job_id == training.runnable_id
    assert claims.claim_next(database, worker="w", slots=2, free=2, lease_s=LEASE_S) is None
    claims.record(database, mine, sweep_curve())
    assert finish.succeed(database, mine, {}) == [training.job_id]
    found = job(database, mine.job_id).result
    assert found is not None
    resolved = claim(database).job.resolved
    assert isinstance(resolved, ResolvedTraining)
    assert resolved.max_lr == found["bounds"]["max_lr"]


def test_a_training_fails_when_its_range_test_finds_no_bounds(database: Database) -> None:
    training = submit.submit(database, train_spec(schedule=one_cycle("auto")))
    mine = claim(database)
    flat = [MetricPoint(name, 0, step, 2.3 if name == "train_loss" else 1e-6 * (step + 1))
            for step in range(40) for name in ("lr", "train_loss")]  # fmt: skip
    claims.record(database, mine, Batch(points=flat))
    finish.succeed(database, mine, {})
    row = job(database, training.job_id)
    assert (row.status, row.reason) == (Status.FAILED, Reason.PARENT_FAILED)


@pytest.mark.parametrize("when", ["queued", "running"])
def test_cancelling_the_range_test_ends_the_training_that_waits(database: Database, when: str) -> None:
    training = submit.submit(database, train_spec(schedule=one_cycle("auto")))
    mine = claim(database) if when == "running" else None
    submit.cancel(database, training.runnable_id)
    if mine is not None:
        finish.cancelled(database, mine)
    assert job(database, training.job_id).status == Status.FAILED


def finished_range_test(database: Database) -> str:
    source = submit.submit(database, lr_find_spec())
    mine = claim(database)
    claims.record(database, mine, sweep_curve())
    finish.succeed(database, mine, {})
    return source.job_id


def test_bounds_hold_for_their_conditions_only(database: Database) -> None:
    source = finished_range_test(database)
    schedule = one_cycle({"from_job": source})
    changed = conditions(global_batch_size=128, optimizer={"name": "sgd", "momentum": 0.5})
    with pytest.raises(ConditionsDifferError) as refusal:
        submit.submit(database, train_spec(schedule=schedule, conditions=changed))
    assert refusal.value.fields == ["/conditions/global_batch_size", "/conditions/optimizer/momentum"]
    submit.submit(database, train_spec(schedule=schedule, conditions=changed, allow_different_conditions=True))
    taken_over = submit.submit(database, train_spec(schedule=schedule, conditions=None))
    assert job(database, taken_over.job_id).fingerprint == job(database, source).fingerprint


def test_a_job_without_bounds_is_no_source(database: Database) -> None:
    other = submit.submit(database, train_spec()).job_id
    with pytest.raises(NoBoundsError, match="only lr_find jobs"):
        submit.submit(database, train_spec(schedule=one_cycle({"from_job": other}), conditions=None))


def test_a_training_may_be_posted_before_its_range_test_has_ended(database: Database) -> None:
    source = submit.submit(database, lr_find_spec()).job_id
    training = submit.submit(database, train_spec(schedule=one_cycle({"from_job": source}), conditions=None))
    assert job(database, training.job_id).waits_for == source


def test_a_foot_above_the_peak_of_the_bounds_is_refused(database: Database) -> None:
    schedule = {"name": "triangular", "max_lr": {"from_job": finished_range_test(database)}, "step_size": 5}
    submit.submit(database, train_spec(schedule=schedule, conditions=None))
    with pytest.raises(UnusableBoundsError, match=r"got 9\.0"):
        submit.submit(database, train_spec(schedule=schedule | {"base_lr": 9.0}, conditions=None))
