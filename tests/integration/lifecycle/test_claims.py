"""Claims, fencing, leases and retries, on SQLite and on PostgreSQL."""

import threading
import time
from typing import Any

import pytest

from jobs.database import queries
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.errors import (
    IdempotencyKeyReusedError,
    StaleAttemptError,
)
from jobs.lifecycle import claims, finish
from jobs.scheduling.deadlines import Backoff
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import LEASE_S, checkpoint, claim, job, points, steps_in_sql
from tests.builders import conditions, train_spec


def test_of_many_claims_at_once_one_wins(database: Database) -> None:
    submit.submit(database, train_spec())
    won: list[Claim] = []
    start = threading.Barrier(8)

    def try_to_claim() -> None:
        start.wait()
        found = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=LEASE_S)
        if found is not None:
            won.append(found)

    threads = [threading.Thread(target=try_to_claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.attempt for each in won] == [1]


def test_jobs_are_claimed_in_the_order_of_submission(database: Database) -> None:
    ids = [submit.submit(database, train_spec()).job_id for _ in range(3)]
    assert [claim(database).job_id for _ in ids] == ids


def test_a_small_job_does_not_overtake_a_large_one_that_waits_for_slots(database: Database) -> None:
    large = submit.submit(database, train_spec())
    submit.submit(database, train_spec(conditions=conditions(world_size=1)))
    assert claims.claim_next(database, worker="w", slots=2, free=1, lease_s=LEASE_S) is None
    assert claim(database, free=2).job_id == large.job_id


def test_a_job_that_is_too_large_for_a_worker_is_left_for_another(database: Database) -> None:
    submit.submit(database, train_spec())
    small = submit.submit(database, train_spec(conditions=conditions(world_size=1)))
    assert claim(database, slots=1, free=1).job_id == small.job_id


def test_an_attempt_that_lost_its_job_writes_nothing(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    zombie = claim(database)
    finish.give_back(database, zombie, Outcome.WORKER_LOST, max_attempts=3)
    owner = claim(database)
    for write in (
        lambda: claims.renew(database, zombie, lease_s=LEASE_S),
        lambda: claims.record(database, zombie, Batch(points=points(0, 5))),
        lambda: finish.succeed(database, zombie, {}),
        lambda: finish.fail(database, zombie, Reason.INTERNAL_ERROR, ""),
        lambda: finish.give_back(database, zombie, Outcome.WORKER_LOST, max_attempts=3),
    ):
        with pytest.raises(StaleAttemptError):
            write()
    assert steps_in_sql(database, job_id) == []
    claims.record(database, owner, Batch(points=points(0, 3)))
    assert steps_in_sql(database, job_id) == [0, 1, 2]


def test_only_attempts_without_a_new_checkpoint_count(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    for step in (10, 20, 30, 40):
        lost = claim(database)
        claims.record(database, lost, checkpoint(lost, step))
        finish.give_back(database, lost, Outcome.WORKER_LOST, max_attempts=2)
    assert job(database, job_id).status == Status.QUEUED
    finish.give_back(database, claim(database), Outcome.WORKER_LOST, max_attempts=2)
    assert job(database, job_id).reason == Reason.ATTEMPTS_EXHAUSTED


def test_a_full_disk_keeps_a_job_waiting_longer_each_time_and_never_fails_it(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    pauses = []
    for _ in range(4):
        full, backoff = claim(database), Backoff(0.001, 0.004)
        finish.give_back(database, full, Outcome.DISK_FULL, max_attempts=2, backoff=backoff, cause="no room")
        row = job(database, job_id)
        assert (row.status, row.reason, row.failures) == (Status.QUEUED, Reason.DISK_FULL, 0)
        with database.read() as session:
            pauses.append(queries.events_of(session, job_id)[-1].data["pause_s"])
        time.sleep(0.02)
    assert pauses == [0.001, 0.002, 0.004, 0.004]
    claim(database)
    assert job(database, job_id).reason is None


def test_an_attempt_that_was_handed_back_does_not_count(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    for _ in range(5):
        finish.give_back(database, claim(database), Outcome.HANDED_BACK, max_attempts=2)
    assert job(database, job_id).status == Status.QUEUED


def test_only_the_newest_two_checkpoints_are_kept(database: Database) -> None:
    submit.submit(database, train_spec())
    mine = claim(database)
    for step in (10, 20, 30):
        claims.record(database, mine, checkpoint(mine, step))
    with database.read() as session:
        kept = [row.key for row in queries.checkpoints_of(session, mine.job_id)]
    assert kept == [f"{mine.job_id}/checkpoints/1-{step}" for step in (30, 20)]


def test_values_that_are_not_finite_are_kept_apart(database: Database) -> None:
    submit.submit(database, train_spec())
    mine = claim(database)
    raw = [1.0, float("nan"), float("inf"), float("-inf"), 1e308]
    batch = Batch(points=[MetricPoint("train_loss", 0, step, value) for step, value in enumerate(raw)])
    claims.record(database, mine, batch)
    with database.read() as session:
        assert queries.series(session, mine.job_id, "train_loss", 0) == [
            (0, 1.0, None), (1, None, "nan"), (2, None, "inf"), (3, None, "-inf"), (4, 1e308, None),
        ]  # fmt: skip


def test_cancelling_a_queued_job_ends_it_and_a_running_one_is_told(database: Database) -> None:
    running, queued = (submit.submit(database, train_spec()).job_id for _ in range(2))
    mine = claim(database)
    submit.cancel(database, queued)
    submit.cancel(database, running)
    assert job(database, queued).status == Status.CANCELLED
    assert job(database, running).status == Status.CANCELLING
    assert claims.renew(database, mine, lease_s=LEASE_S).cancel
    finish.cancelled(database, mine)
    submit.cancel(database, running)
    row = job(database, running)
    assert (row.status, row.reason) == (Status.CANCELLED, Reason.USER_CANCELLED)


def test_one_key_makes_one_job_however_many_ask_at_once(database: Database) -> None:
    made: list[str] = []
    start = threading.Barrier(6)

    def ask() -> None:
        start.wait()
        made.append(submit.submit(database, train_spec(), key="k", body=b"{}").job_id)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len(set(made)) == 1
    with pytest.raises(IdempotencyKeyReusedError):
        submit.submit(database, train_spec(), key="k", body=b"{} ")


def test_the_version_grows_with_every_visible_change(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    seen = [job(database, job_id).version]
    mine = claim(database)
    claims.record(database, mine, Batch(progress={"step": 1}))
    seen.append(job(database, job_id).version)
    finish.succeed(database, mine, {})
    seen.append(job(database, job_id).version)
    assert seen == sorted(set(seen))


def test_a_cancel_that_comes_too_late_leaves_no_reason_on_a_job_that_succeeded(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    mine = claim(database)
    submit.cancel(database, job_id)
    finish.succeed(database, mine, {})
    row = job(database, job_id)
    assert (row.status, row.reason) == (Status.SUCCEEDED, None)


def test_latest_values_are_merged(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    mine = claim(database)
    for latest in ({"lr": 0.1}, {"val_accuracy": 0.5}, {"lr": 0.2}):
        batch: Any = Batch(progress={"step": 1}, latest=latest)
        claims.record(database, mine, batch)
    assert job(database, job_id).latest == {"lr": 0.2, "val_accuracy": 0.5}
