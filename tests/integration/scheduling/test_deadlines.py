"""Deadlines, priorities, back-off and cancelling twice, on SQLite and on PostgreSQL."""

import time

import pytest
from sqlalchemy import update

from jobs.database import queries
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.errors import (
    StaleAttemptError,
)
from jobs.lifecycle import claims, finish, recovery, resume_and_delete
from jobs.scheduling.deadlines import Backoff
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import LEASE_S, claim, events, job, record_to, steps_in_sql
from tests.builders import one_cycle, sweep_spec, train_spec


def test_of_waiting_jobs_the_one_of_highest_priority_is_next(database: Database) -> None:
    ids = {priority: submit.submit(database, train_spec(priority=priority)).job_id for priority in (0, -5, 90, 1)}
    assert [claim(database).job_id for _ in ids] == [ids[priority] for priority in (90, 1, 0, -5)]


def test_the_jobs_of_a_sweep_and_an_own_range_test_take_over_priority_and_deadlines(database: Database) -> None:
    limits = {"priority": 5, "max_queue_s": 100.0, "max_attempts": 7}
    for spec in (sweep_spec(**limits), train_spec(schedule=one_cycle("auto"), **limits)):
        parent = submit.submit(database, spec)
        child = job(database, parent.runnable_id)
        assert child.priority == 5
        assert child.spec["max_attempts"] == 7
        assert child.deadline_at is not None
        assert job(database, parent.job_id).deadline_at is None


def test_a_job_that_waits_too_long_fails_and_may_be_resumed(database: Database) -> None:
    job_id = submit.submit(database, train_spec(max_queue_s=0.01)).job_id
    time.sleep(0.05)
    recovery.recover_jobs(database, max_attempts=3)
    row = job(database, job_id)
    assert (row.status, row.reason) == (Status.FAILED, Reason.DEADLINE_EXCEEDED)
    assert row.error is not None
    assert "max_queue_s = 0.01" in row.error["message"]
    resume_and_delete.resume(database, job_id)
    assert claim(database).job_id == job_id


def test_a_sweep_ends_with_its_jobs_that_waited_too_long(database: Database) -> None:
    sweep_id = submit.submit(database, sweep_spec(max_queue_s=0.01)).job_id
    time.sleep(0.05)
    recovery.recover_jobs(database, max_attempts=3)
    assert job(database, sweep_id).status == Status.FAILED


def test_running_time_is_counted_over_attempts_and_told_with_the_lease(database: Database) -> None:
    job_id = submit.submit(database, train_spec(max_runtime_s=1000.0)).job_id
    mine = claim(database)
    assert not claims.renew(database, mine, lease_s=LEASE_S).overdue
    with database.write() as session:
        session.execute(update(Job).values(ran_s=990.0))
    finish.give_back(database, mine, Outcome.HANDED_BACK, max_attempts=3)
    mine = claim(database)
    row = job(database, job_id)
    assert row.deadline_at is not None
    assert row.deadline_at - time.time() < 11
    with database.write() as session:
        session.execute(update(Job).values(deadline_at=1.0))
    record_to(database, mine, 5, checkpoint=None)
    assert claims.renew(database, mine, lease_s=LEASE_S).overdue
    finish.ran_too_long(database, mine)
    row = job(database, job_id)
    assert (row.status, row.reason) == (Status.FAILED, Reason.DEADLINE_EXCEEDED)
    assert steps_in_sql(database, job_id) == list(range(5))
    with database.read() as session:
        assert queries.attempts_of(session, job_id)[-1].outcome == Outcome.DEADLINE_EXCEEDED


def test_a_lost_job_that_is_over_its_time_does_not_queue_again(database: Database) -> None:
    job_id = submit.submit(database, train_spec(max_runtime_s=1000.0)).job_id
    mine = claim(database)
    with database.write() as session:
        session.execute(update(Job).values(deadline_at=1.0))
    finish.give_back(database, mine, Outcome.WORKER_LOST, max_attempts=3)
    assert job(database, job_id).reason == Reason.DEADLINE_EXCEEDED


@pytest.mark.parametrize("cancels", [True, False])
def test_a_worker_that_renews_and_does_not_stop_loses_the_job(database: Database, cancels: bool) -> None:
    job_id = submit.submit(database, train_spec(max_runtime_s=1000.0)).job_id
    mine = claim(database)
    if cancels:
        submit.cancel(database, job_id)
    with database.write() as session:
        session.execute(update(Job).values(deadline_at=1.0, cancel_asked_at=Job.cancel_asked_at - 100))
    recovery.recover_jobs(database, max_attempts=3, stuck_s=50)
    assert job(database, job_id).status == (Status.CANCELLED if cancels else Status.FAILED)
    with pytest.raises(StaleAttemptError):
        claims.renew(database, mine, lease_s=LEASE_S)


def test_after_a_lost_attempt_a_job_waits_and_others_go_first(database: Database) -> None:
    lost = submit.submit(database, train_spec()).job_id
    other = submit.submit(database, train_spec()).job_id
    backoff = Backoff(first_s=30.0, most_s=60.0)
    finish.give_back(database, claim(database), Outcome.WORKER_LOST, max_attempts=3, backoff=backoff)
    assert claim(database).job_id == other
    assert claims.claim_next(database, worker="w", slots=2, free=2, lease_s=LEASE_S) is None
    with database.write() as session:
        session.execute(update(Job).values(not_before=Job.not_before - 30.0))
    assert claim(database).job_id == lost


def test_pauses_grow_and_are_bounded() -> None:
    backoff = Backoff(first_s=1.0, most_s=60.0)
    assert [backoff.after(failures) for failures in (0, 1, 2, 3, 7, 1000)] == [0, 1, 2, 4, 60, 60]


def test_a_job_may_say_itself_how_often_it_may_be_lost(database: Database) -> None:
    job_id = submit.submit(database, train_spec(max_attempts=1)).job_id
    finish.give_back(database, claim(database), Outcome.WORKER_LOST, max_attempts=3)
    assert job(database, job_id).reason == Reason.ATTEMPTS_EXHAUSTED


def test_a_cancel_may_be_made_a_kill_later(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    mine = claim(database)
    submit.cancel(database, job_id)
    signals = claims.renew(database, mine, lease_s=LEASE_S)
    assert (signals.cancel, signals.kill) == (True, False)
    submit.cancel(database, job_id, mode="kill")
    submit.cancel(database, job_id, mode="checkpoint")  # a kill is not taken back
    assert claims.renew(database, mine, lease_s=LEASE_S).kill
    assert events(database, job_id).count("killing") == 1
