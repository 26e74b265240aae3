"""Resume, clone, delete, deadlines, priorities and back-off, on SQLite and on PostgreSQL."""

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from jobs import cloning, control, endings, lifecycle, registry, repository, service
from jobs.artifacts import ArtifactStore, StoredFile
from jobs.db import Database
from jobs.deadlines import Backoff
from jobs.errors import (
    JobInUseError,
    JobNotFoundError,
    JobNotTerminalError,
    NoBoundsError,
    NotResumableError,
    StaleAttemptError,
)
from jobs.models import Artifact, Base, Event, Job, Submitter
from jobs.rows import Batch, Claim, MetricPoint
from jobs.spec import job_spec
from jobs.status import Outcome, Reason, Status
from tests.builders import lr_find_spec, one_cycle, sweep_spec, train, train_spec
from tests.integration.test_sweeps import end

LEASE_S = 30.0


def claim(database: Database) -> Claim:
    found = lifecycle.claim_next(database, worker="w", slots=2, free=2, lease_s=LEASE_S)
    assert found is not None
    return found


def job(database: Database, job_id: str) -> Job:
    with database.read() as session:
        return repository.get_job(session, job_id)


def points(start: int, end: int) -> list[MetricPoint]:
    return [MetricPoint("train_loss", 0, step, float(step)) for step in range(start, end)]


def steps_in_sql(database: Database, job_id: str) -> list[int]:
    with database.read() as session:
        return [step for step, _, _ in repository.series(session, job_id, "train_loss", 0)]


def events(database: Database, job_id: str) -> list[str]:
    with database.read() as session:
        return [event.type for event in repository.events_of(session, job_id)]


def record_to(database: Database, mine: Claim, step: int, checkpoint: int | None) -> None:
    if checkpoint is not None:
        stored = StoredFile(f"{mine.job_id}/checkpoints/{mine.attempt}-{checkpoint}", 1, "0" * 64)
        lifecycle.record(
            database, mine, Batch(points=points(mine.resume_step, checkpoint), checkpoint=stored,
                                  checkpoint_step=checkpoint),
        )  # fmt: skip
    start = mine.resume_step if checkpoint is None else checkpoint
    lifecycle.record(database, mine, Batch(points=points(start, step), progress={"step": step}))


def test_a_cancelled_job_goes_on_from_its_checkpoint_and_its_curve_has_every_step_once(database: Database) -> None:
    job_id = service.submit(database, train_spec()).job_id
    first = claim(database)
    record_to(database, first, 15, checkpoint=10)
    service.cancel(database, job_id)
    endings.cancelled(database, first)
    before = job(database, job_id).version
    assert control.resume(database, job_id) == [job_id]
    row = job(database, job_id)
    assert (row.status, row.reason, row.finished_at) == (Status.QUEUED, None, None)
    assert row.version > before
    with pytest.raises(StaleAttemptError):
        lifecycle.record(database, first, Batch(points=points(15, 16)))
    second = claim(database)
    assert (second.attempt, second.resume_step) == (2, 10)
    record_to(database, second, 20, checkpoint=None)
    endings.succeed(database, second, {})
    assert steps_in_sql(database, job_id) == list(range(20))
    assert events(database, job_id) == [
        "submitted", "started", "checkpoint", "cancelling", "cancelled", "resumed", "started", "succeeded",
    ]  # fmt: skip


def test_a_failed_job_without_a_checkpoint_starts_anew_with_all_its_attempts(database: Database) -> None:
    job_id = service.submit(database, train_spec()).job_id
    for _ in range(2):
        endings.give_back(database, claim(database), Outcome.WORKER_LOST, max_attempts=2)
    assert job(database, job_id).reason == Reason.ATTEMPTS_EXHAUSTED
    control.resume(database, job_id)
    again = claim(database)
    assert (again.attempt, again.resume_step) == (3, 0)
    endings.give_back(database, again, Outcome.WORKER_LOST, max_attempts=2)
    assert job(database, job_id).status == Status.QUEUED


def test_a_job_that_has_not_ended_or_has_succeeded_is_not_resumed(database: Database) -> None:
    job_id = service.submit(database, train_spec()).job_id
    with pytest.raises(NotResumableError, match="it is queued"):
        control.resume(database, job_id)
    mine = claim(database)
    with pytest.raises(NotResumableError, match="it is running"):
        control.resume(database, job_id)
    endings.succeed(database, mine, {})
    with pytest.raises(NotResumableError, match="it succeeded"):
        control.resume(database, job_id)
    with pytest.raises(JobNotFoundError):
        control.resume(database, "job_" + "0" * 32)


def test_a_training_is_resumed_with_its_own_range_test(database: Database) -> None:
    submitted = service.submit(database, train_spec(schedule=one_cycle("auto")))
    service.cancel(database, submitted.job_id)
    assert control.resume(database, submitted.job_id) == [submitted.ring_id]
    parent, child = job(database, submitted.job_id), job(database, submitted.ring_id)
    assert (parent.status, child.status, parent.waits_for) == (Status.QUEUED, Status.QUEUED, child.id)
    assert claim(database).job_id == child.id


def test_a_training_whose_range_test_was_another_job_asks_for_that_one_first(database: Database) -> None:
    source = service.submit(database, lr_find_spec()).job_id
    spec = dict(train(schedule=one_cycle({"from_job": source})))
    waiting = service.submit(database, job_spec.validate_python(spec)).job_id
    service.cancel(database, source)
    assert job(database, waiting).reason == Reason.PARENT_FAILED
    with pytest.raises(NoBoundsError):
        control.resume(database, waiting)
    control.resume(database, source)
    control.resume(database, waiting)
    assert job(database, waiting).waits_for == source


def test_a_cancelled_sweep_is_resumed_with_those_of_its_jobs_that_did_not_succeed(database: Database) -> None:
    sweep_id = service.submit(database, sweep_spec()).job_id
    done = claim(database)
    end(database, done, "succeed")
    service.cancel(database, sweep_id)
    assert job(database, sweep_id).status == Status.CANCELLED
    rung = control.resume(database, sweep_id)
    assert len(rung) == 2
    assert done.job_id not in rung
    assert [claim(database).job_id for _ in rung] == rung
    assert job(database, sweep_id).status == Status.RUNNING


def test_one_job_of_a_sweep_that_failed_opens_its_sweep_again(database: Database) -> None:
    sweep_id = service.submit(database, sweep_spec()).job_id
    for _ in range(3):
        endings.fail(database, claim(database), Reason.INTERNAL_ERROR, "")
    with database.read() as session:
        child = repository.children_of(session, sweep_id)[0]
    control.resume(database, child)
    end(database, claim(database), "succeed")
    row = job(database, sweep_id)
    assert (row.status, row.result and row.result["succeeded"]) == (Status.SUCCEEDED, 1)
    with database.read() as session:
        other = repository.children_of(session, sweep_id)[1]
    with pytest.raises(NotResumableError, match="its sweep"):
        control.resume(database, other)
    assert job(database, other).status == Status.FAILED


def test_a_training_is_not_resumed_while_another_job_starts_from_its_checkpoint(database: Database) -> None:
    source = service.submit(database, train_spec()).job_id
    mine = claim(database)
    record_to(database, mine, 10, checkpoint=10)
    service.cancel(database, source)
    endings.cancelled(database, mine)
    test = lr_find_spec().range_test.model_dump(mode="json") | {"start_from": {"from_job": source}}
    user = service.submit(database, lr_find_spec(range_test=test)).job_id
    with pytest.raises(NotResumableError, match=user):
        control.resume(database, source)
    service.cancel(database, user)
    control.resume(database, source)


def test_a_clone_is_the_same_but_for_what_is_patched(database: Database) -> None:
    spec = train_spec(labels={"project": "a", "who": "b"})
    job_id = service.submit(database, spec).job_id
    patch: dict[str, Any] = {"seed": 7, "labels": {"who": None}, "conditions": {"optimizer": {"weight_decay": 0.01}}}
    patched = job_spec.validate_python(cloning.patched_spec(database, job_id, patch))
    clone = cloning.submit_clone(database, job_id, patched, key="k", body=b"1")
    assert cloning.submit_clone(database, job_id, patched, key="k", body=b"1").job_id == clone.job_id
    old, new = job(database, job_id).spec, job(database, clone.job_id).spec
    assert new["seed"] == 7
    assert new["labels"] == {"project": "a"}
    assert new["conditions"]["optimizer"] == old["conditions"]["optimizer"] | {"weight_decay": 0.01}
    assert events(database, clone.job_id) == ["submitted", "cloned"]


def test_every_kind_of_job_can_be_cloned_as_it_is(database: Database) -> None:
    for spec in (train_spec(), train_spec(schedule=one_cycle("auto")), lr_find_spec(), sweep_spec()):
        job_id = service.submit(database, spec).job_id
        again = job_spec.validate_python(cloning.patched_spec(database, job_id, {}))
        cloned = cloning.submit_clone(database, job_id, again, key=None, body=b"").job_id
        assert job(database, cloned).spec == job(database, job_id).spec


def test_a_deleted_job_leaves_no_row_and_no_file(database: Database, tmp_path: Path) -> None:
    store, runs = ArtifactStore(tmp_path / "artifacts"), tmp_path / "runs"
    job_id = service.submit(database, train_spec(), key="k").job_id
    with pytest.raises(JobNotTerminalError):
        control.delete_job(database, store, runs, job_id)
    mine = claim(database)
    record_to(database, mine, 12, checkpoint=10)
    service.cancel(database, job_id)
    endings.cancelled(database, mine)
    for folder in (tmp_path / "artifacts" / job_id, runs / job_id / "attempt-1"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    assert control.delete_job(database, store, runs, job_id) == [job_id]
    with database.read() as session:
        for table in set(Base.metadata.sorted_tables) - {Submitter.__table__}:
            assert session.scalar(select(func.count()).select_from(table)) == 0, table.name
    assert not (tmp_path / "artifacts" / job_id).exists()
    assert not (runs / job_id).exists()
    with pytest.raises(JobNotFoundError):
        control.delete_job(database, store, runs, job_id)


def test_a_sweep_goes_with_its_jobs_and_its_jobs_with_it_only(database: Database, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    sweep_id = service.submit(database, sweep_spec()).job_id
    service.cancel(database, sweep_id)
    with database.read() as session:
        children = repository.children_of(session, sweep_id)
    with pytest.raises(JobInUseError, match=sweep_id):
        control.delete_job(database, store, tmp_path, children[0])
    assert sorted(control.delete_job(database, store, tmp_path, sweep_id)) == sorted([sweep_id, *children])


def test_a_job_that_another_waits_for_or_starts_from_is_not_deleted(database: Database, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    source = service.submit(database, train_spec()).job_id
    mine = claim(database)
    record_to(database, mine, 10, checkpoint=10)
    endings.succeed(database, mine, {})
    test = lr_find_spec().range_test.model_dump(mode="json") | {"start_from": {"from_job": source}}
    user = service.submit(database, lr_find_spec(range_test=test, name=f"mentions {source}")).job_id
    with pytest.raises(JobInUseError, match=user):
        control.delete_job(database, store, tmp_path, source)
    service.cancel(database, user)
    control.delete_job(database, store, tmp_path, source)
    with pytest.raises(NotResumableError, match="has been deleted"):
        control.resume(database, user)


def test_of_waiting_jobs_the_one_of_highest_priority_is_next(database: Database) -> None:
    ids = {priority: service.submit(database, train_spec(priority=priority)).job_id for priority in (0, -5, 90, 1)}
    assert [claim(database).job_id for _ in ids] == [ids[priority] for priority in (90, 1, 0, -5)]


def test_the_jobs_of_a_sweep_and_an_own_range_test_take_over_priority_and_deadlines(database: Database) -> None:
    limits = {"priority": 5, "max_queue_s": 100.0, "max_attempts": 7}
    for spec in (sweep_spec(**limits), train_spec(schedule=one_cycle("auto"), **limits)):
        parent = service.submit(database, spec)
        child = job(database, parent.ring_id)
        assert child.priority == 5
        assert child.spec["max_attempts"] == 7
        assert child.deadline_at is not None
        assert job(database, parent.job_id).deadline_at is None


def test_a_job_that_waits_too_long_fails_and_may_be_resumed(database: Database) -> None:
    job_id = service.submit(database, train_spec(max_queue_s=0.01)).job_id
    time.sleep(0.05)
    registry.mend(database, max_attempts=3)
    row = job(database, job_id)
    assert (row.status, row.reason) == (Status.FAILED, Reason.DEADLINE_EXCEEDED)
    assert row.error is not None
    assert "max_queue_s = 0.01" in row.error["message"]
    control.resume(database, job_id)
    assert claim(database).job_id == job_id


def test_a_sweep_ends_with_its_jobs_that_waited_too_long(database: Database) -> None:
    sweep_id = service.submit(database, sweep_spec(max_queue_s=0.01)).job_id
    time.sleep(0.05)
    registry.mend(database, max_attempts=3)
    assert job(database, sweep_id).status == Status.FAILED


def test_running_time_is_counted_over_attempts_and_told_with_the_lease(database: Database) -> None:
    job_id = service.submit(database, train_spec(max_runtime_s=1000.0)).job_id
    mine = claim(database)
    assert not lifecycle.renew(database, mine, lease_s=LEASE_S).overdue
    with database.write() as session:
        session.execute(update(Job).values(ran_s=990.0))
    endings.give_back(database, mine, Outcome.HANDED_BACK, max_attempts=3)
    mine = claim(database)
    row = job(database, job_id)
    assert row.deadline_at is not None
    assert row.deadline_at - time.time() < 11
    with database.write() as session:
        session.execute(update(Job).values(deadline_at=1.0))
    record_to(database, mine, 5, checkpoint=None)
    assert lifecycle.renew(database, mine, lease_s=LEASE_S).overdue
    endings.ran_too_long(database, mine)
    row = job(database, job_id)
    assert (row.status, row.reason) == (Status.FAILED, Reason.DEADLINE_EXCEEDED)
    assert steps_in_sql(database, job_id) == list(range(5))
    with database.read() as session:
        assert repository.attempts_of(session, job_id)[-1].outcome == Outcome.DEADLINE_EXCEEDED


def test_a_lost_job_that_is_over_its_time_does_not_queue_again(database: Database) -> None:
    job_id = service.submit(database, train_spec(max_runtime_s=1000.0)).job_id
    mine = claim(database)
    with database.write() as session:
        session.execute(update(Job).values(deadline_at=1.0))
    endings.give_back(database, mine, Outcome.WORKER_LOST, max_attempts=3)
    assert job(database, job_id).reason == Reason.DEADLINE_EXCEEDED


@pytest.mark.parametrize("cancels", [True, False])
def test_a_worker_that_renews_and_does_not_stop_loses_the_job(database: Database, cancels: bool) -> None:
    job_id = service.submit(database, train_spec(max_runtime_s=1000.0)).job_id
    mine = claim(database)
    if cancels:
        service.cancel(database, job_id)
    with database.write() as session:
        session.execute(update(Job).values(deadline_at=1.0, cancel_asked_at=Job.cancel_asked_at - 100))
    registry.mend(database, max_attempts=3, stuck_s=50)
    assert job(database, job_id).status == (Status.CANCELLED if cancels else Status.FAILED)
    with pytest.raises(StaleAttemptError):
        lifecycle.renew(database, mine, lease_s=LEASE_S)


def test_after_a_lost_attempt_a_job_waits_and_others_go_first(database: Database) -> None:
    lost = service.submit(database, train_spec()).job_id
    other = service.submit(database, train_spec()).job_id
    backoff = Backoff(first_s=0.3, most_s=60.0)
    endings.give_back(database, claim(database), Outcome.WORKER_LOST, max_attempts=3, backoff=backoff)
    assert claim(database).job_id == other
    assert lifecycle.claim_next(database, worker="w", slots=2, free=2, lease_s=LEASE_S) is None
    time.sleep(0.35)
    assert claim(database).job_id == lost


def test_pauses_grow_and_are_bounded() -> None:
    backoff = Backoff(first_s=1.0, most_s=60.0)
    assert [backoff.after(failures) for failures in (0, 1, 2, 3, 7, 1000)] == [0, 1, 2, 4, 60, 60]


def test_a_job_may_say_itself_how_often_it_may_be_lost(database: Database) -> None:
    job_id = service.submit(database, train_spec(max_attempts=1)).job_id
    endings.give_back(database, claim(database), Outcome.WORKER_LOST, max_attempts=3)
    assert job(database, job_id).reason == Reason.ATTEMPTS_EXHAUSTED


def test_a_cancel_may_be_made_a_kill_later(database: Database) -> None:
    job_id = service.submit(database, train_spec()).job_id
    mine = claim(database)
    service.cancel(database, job_id)
    wish = lifecycle.renew(database, mine, lease_s=LEASE_S)
    assert (wish.cancel, wish.kill) == (True, False)
    service.cancel(database, job_id, mode="kill")
    service.cancel(database, job_id, mode="checkpoint")  # a kill is not taken back
    assert lifecycle.renew(database, mine, lease_s=LEASE_S).kill
    assert events(database, job_id).count("killing") == 1


def test_a_checkpoint_of_a_deleted_job_is_not_recorded(database: Database, tmp_path: Path) -> None:
    job_id = service.submit(database, train_spec()).job_id
    mine = claim(database)
    service.cancel(database, job_id)
    endings.cancelled(database, mine)
    control.delete_job(database, ArtifactStore(tmp_path), tmp_path, job_id)
    with pytest.raises((StaleAttemptError, JobNotFoundError)):
        record_to(database, mine, 10, checkpoint=10)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Artifact)) == 0
        assert session.scalar(select(func.count()).select_from(Event)) == 0
