"""Leases that run out and jobs that no worker takes, on SQLite and on PostgreSQL."""

import time

from jobs.database import queries
from jobs.database.records import Batch
from jobs.database.session import Database
from jobs.lifecycle import claims, finish, recovery
from jobs.scheduling import workers
from jobs.scheduling.workers import WorkerInfo
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import checkpoint, claim, job, points, steps_in_sql
from tests.builders import train_spec


def test_a_lease_that_ran_out_is_taken_back_and_the_job_resumes_from_its_checkpoint(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    lost = claim(database, lease_s=0.05)
    claims.record(database, lost, checkpoint(lost, 10))
    claims.record(database, lost, Batch(points=points(10, 17), progress={"step": 17}))
    time.sleep(0.1)
    assert recovery.recover_jobs(database, max_attempts=3) == [job_id]
    again = claim(database)
    assert again.resume is not None
    assert (again.attempt, again.resume.step, again.resume.key) == (2, 10, f"{job_id}/checkpoints/1-10")
    assert steps_in_sql(database, job_id) == list(range(10))
    with database.read() as session:
        first, second = queries.attempts_of(session, job_id)
    assert (first.outcome, first.last_step) == (Outcome.WORKER_LOST, 17)
    assert second.resumed_from_step == 10


def test_a_live_lease_is_left_alone(database: Database) -> None:
    submit.submit(database, train_spec())
    claim(database)
    assert recovery.recover_jobs(database, max_attempts=3) == []


def test_a_job_that_is_lost_too_often_fails(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    for _ in range(2):
        finish.give_back(database, claim(database), Outcome.WORKER_LOST, max_attempts=2)
    row = job(database, job_id)
    assert (row.status, row.reason) == (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)


def test_a_cancelling_job_whose_worker_is_gone_is_cancelled(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    claim(database, lease_s=0.05)
    submit.cancel(database, job_id)
    time.sleep(0.1)
    recovery.recover_jobs(database, max_attempts=3)
    assert job(database, job_id).status == Status.CANCELLED


def test_a_job_that_no_worker_can_take_says_so_until_one_comes(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    workers.beat(database, WorkerInfo("small", "h", 1, 1, "cpu"), ttl_s=30)
    recovery.recover_jobs(database, max_attempts=3)
    assert job(database, job_id).reason == Reason.NO_MATCHING_WORKER
    workers.beat(database, WorkerInfo("large", "h", 2, 4, "cpu"), ttl_s=30)
    recovery.recover_jobs(database, max_attempts=3)
    row = job(database, job_id)
    assert (row.status, row.reason) == (Status.QUEUED, None)
