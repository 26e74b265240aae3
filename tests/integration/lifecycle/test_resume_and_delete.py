"""Resuming and deleting jobs, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from jobs.database import queries
from jobs.database.records import Batch
from jobs.database.session import Database
from jobs.database.tables.jobs import Artifact, Event
from jobs.database.tables.metadata import METADATA
from jobs.database.tables.service import AssemblyLock, Submitter
from jobs.errors import (
    JobInUseError,
    JobNotFoundError,
    JobNotTerminalError,
    NoBoundsError,
    NotResumableError,
    StaleAttemptError,
)
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish, resume_and_delete
from jobs.spec.job import job_spec
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import claim, events, job, points, record_to, steps_in_sql
from tests.builders import lr_find_spec, one_cycle, sweep_spec, train, train_spec
from tests.integration.submission.test_sweeps import end


def test_a_deleted_job_leaves_no_row_and_no_file(database: Database, tmp_path: Path) -> None:
    store, runs = ArtifactStore(tmp_path / "artifacts"), tmp_path / "runs"
    job_id = submit.submit(database, train_spec(), key="k").job_id
    with pytest.raises(JobNotTerminalError):
        resume_and_delete.delete_job(database, store, runs, job_id)
    mine = claim(database)
    record_to(database, mine, 12, checkpoint=10)
    submit.cancel(database, job_id)
    finish.cancelled(database, mine)
    for folder in (tmp_path / "artifacts" / job_id, runs / job_id / "attempt-1"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    assert resume_and_delete.delete_job(database, store, runs, job_id) == [job_id]
    with database.read() as session:
        for table in set(METADATA.sorted_tables) - {Submitter.__table__, AssemblyLock.__table__}:
            assert session.scalar(select(func.count()).select_from(table)) == 0, table.name
    assert not (tmp_path / "artifacts" / job_id).exists()
    assert not (runs / job_id).exists()
    with pytest.raises(JobNotFoundError):
        resume_and_delete.delete_job(database, store, runs, job_id)


def test_a_sweep_goes_with_its_jobs_and_its_jobs_with_it_only(database: Database, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    sweep_id = submit.submit(database, sweep_spec()).job_id
    submit.cancel(database, sweep_id)
    with database.read() as session:
        children = queries.children_of(session, sweep_id)
    with pytest.raises(JobInUseError, match=sweep_id):
        resume_and_delete.delete_job(database, store, tmp_path, children[0])
    assert sorted(resume_and_delete.delete_job(database, store, tmp_path, sweep_id)) == sorted([sweep_id, *children])


def test_a_job_that_another_waits_for_or_starts_from_is_not_deleted(database: Database, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    source = submit.submit(database, train_spec()).job_id
    mine = claim(database)
    record_to(database, mine, 10, checkpoint=10)
    finish.succeed(database, mine, {})
    test = lr_find_spec().range_test.model_dump(mode="json") | {"start_from": {"from_job": source}}
    user = submit.submit(database, lr_find_spec(range_test=test, name=f"mentions {source}")).job_id
    with pytest.raises(JobInUseError, match=user):
        resume_and_delete.delete_job(database, store, tmp_path, source)
    submit.cancel(database, user)
    resume_and_delete.delete_job(database, store, tmp_path, source)
    with pytest.raises(NotResumableError, match="has been deleted"):
        resume_and_delete.resume(database, user)


def test_a_checkpoint_of_a_deleted_job_is_not_recorded(database: Database, tmp_path: Path) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    mine = claim(database)
    submit.cancel(database, job_id)
    finish.cancelled(database, mine)
    resume_and_delete.delete_job(database, ArtifactStore(tmp_path), tmp_path, job_id)
    with pytest.raises((StaleAttemptError, JobNotFoundError)):
        record_to(database, mine, 10, checkpoint=10)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Artifact)) == 0
        assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_a_cancelled_job_goes_on_from_its_checkpoint_and_its_curve_has_every_step_once(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    first = claim(database)
    record_to(database, first, 15, checkpoint=10)
    submit.cancel(database, job_id)
    finish.cancelled(database, first)
    before = job(database, job_id).version
    assert resume_and_delete.resume(database, job_id) == [job_id]
    row = job(database, job_id)
    assert (row.status, row.reason, row.finished_at) == (Status.QUEUED, None, None)
    assert row.version > before
    with pytest.raises(StaleAttemptError):
        claims.record(database, first, Batch(points=points(15, 16)))
    second = claim(database)
    assert (second.attempt, second.resume_step) == (2, 10)
    record_to(database, second, 20, checkpoint=None)
    finish.succeed(database, second, {})
    assert steps_in_sql(database, job_id) == list(range(20))
    assert events(database, job_id) == [
        "submitted", "started", "checkpoint", "cancelling", "cancelled", "resumed", "started", "succeeded",
    ]  # fmt: skip


def test_a_failed_job_without_a_checkpoint_starts_anew_with_all_its_attempts(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    for _ in range(2):
        finish.give_back(database, claim(database), Outcome.WORKER_LOST, max_attempts=2)
    assert job(database, job_id).reason == Reason.ATTEMPTS_EXHAUSTED
    resume_and_delete.resume(database, job_id)
    again = claim(database)
    assert (again.attempt, again.resume_step) == (3, 0)
    finish.give_back(database, again, Outcome.WORKER_LOST, max_attempts=2)
    assert job(database, job_id).status == Status.QUEUED


def test_a_job_that_has_not_ended_or_has_succeeded_is_not_resumed(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    with pytest.raises(NotResumableError, match="it is queued"):
        resume_and_delete.resume(database, job_id)
    mine = claim(database)
    with pytest.raises(NotResumableError, match="it is running"):
        resume_and_delete.resume(database, job_id)
    finish.succeed(database, mine, {})
    with pytest.raises(NotResumableError, match="it succeeded"):
        resume_and_delete.resume(database, job_id)
    with pytest.raises(JobNotFoundError):
        resume_and_delete.resume(database, "job_" + "0" * 32)


def test_a_training_is_resumed_with_its_own_range_test(database: Database) -> None:
    submitted = submit.submit(database, train_spec(schedule=one_cycle("auto")))
    submit.cancel(database, submitted.job_id)
    assert resume_and_delete.resume(database, submitted.job_id) == [submitted.runnable_id]
    parent, child = job(database, submitted.job_id), job(database, submitted.runnable_id)
    assert (parent.status, child.status, parent.waits_for) == (Status.QUEUED, Status.QUEUED, child.id)
    assert claim(database).job_id == child.id


def test_a_training_whose_range_test_was_another_job_asks_for_that_one_first(database: Database) -> None:
    source = submit.submit(database, lr_find_spec()).job_id
    spec = dict(train(schedule=one_cycle({"from_job": source})))
    waiting = submit.submit(database, job_spec.validate_python(spec)).job_id
    submit.cancel(database, source)
    assert job(database, waiting).reason == Reason.PARENT_FAILED
    with pytest.raises(NoBoundsError):
        resume_and_delete.resume(database, waiting)
    resume_and_delete.resume(database, source)
    resume_and_delete.resume(database, waiting)
    assert job(database, waiting).waits_for == source


def test_a_cancelled_sweep_is_resumed_with_those_of_its_jobs_that_did_not_succeed(database: Database) -> None:
    sweep_id = submit.submit(database, sweep_spec()).job_id
    done = claim(database)
    end(database, done, "succeed")
    submit.cancel(database, sweep_id)
    assert job(database, sweep_id).status == Status.CANCELLED
    runnable = resume_and_delete.resume(database, sweep_id)
    assert len(runnable) == 2
    assert done.job_id not in runnable
    assert [claim(database).job_id for _ in runnable] == runnable
    assert job(database, sweep_id).status == Status.RUNNING


def test_one_job_of_a_sweep_that_failed_opens_its_sweep_again(database: Database) -> None:
    sweep_id = submit.submit(database, sweep_spec()).job_id
    for _ in range(3):
        finish.fail(database, claim(database), Reason.INTERNAL_ERROR, "")
    with database.read() as session:
        child = queries.children_of(session, sweep_id)[0]
    resume_and_delete.resume(database, child)
    end(database, claim(database), "succeed")
    row = job(database, sweep_id)
    assert (row.status, row.result and row.result["succeeded"]) == (Status.SUCCEEDED, 1)
    with database.read() as session:
        other = queries.children_of(session, sweep_id)[1]
    with pytest.raises(NotResumableError, match="its sweep"):
        resume_and_delete.resume(database, other)
    assert job(database, other).status == Status.FAILED


def test_a_training_is_not_resumed_while_another_job_starts_from_its_checkpoint(database: Database) -> None:
    source = submit.submit(database, train_spec()).job_id
    mine = claim(database)
    record_to(database, mine, 10, checkpoint=10)
    submit.cancel(database, source)
    finish.cancelled(database, mine)
    test = lr_find_spec().range_test.model_dump(mode="json") | {"start_from": {"from_job": source}}
    user = submit.submit(database, lr_find_spec(range_test=test)).job_id
    with pytest.raises(NotResumableError, match=user):
        resume_and_delete.resume(database, source)
    submit.cancel(database, user)
    resume_and_delete.resume(database, source)
