"""Clones and deletions, on SQLite and on PostgreSQL."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from jobs.database import queries
from jobs.database.session import Database
from jobs.database.tables import Artifact, AssemblyLock, Base, Event, Submitter
from jobs.errors import (
    JobInUseError,
    JobNotFoundError,
    JobNotTerminalError,
    NotResumableError,
    StaleAttemptError,
)
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import finish, resume_and_delete
from jobs.spec.job import job_spec
from jobs.submission import clone as cloning
from jobs.submission import submit
from tests.attempts import claim, events, job, record_to
from tests.builders import lr_find_spec, one_cycle, sweep_spec, train_spec


def test_a_clone_is_the_same_but_for_what_is_patched(database: Database) -> None:
    spec = train_spec(labels={"project": "a", "who": "b"})
    job_id = submit.submit(database, spec).job_id
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
        job_id = submit.submit(database, spec).job_id
        again = job_spec.validate_python(cloning.patched_spec(database, job_id, {}))
        cloned = cloning.submit_clone(database, job_id, again, key=None, body=b"").job_id
        assert job(database, cloned).spec == job(database, job_id).spec


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
        for table in set(Base.metadata.sorted_tables) - {Submitter.__table__, AssemblyLock.__table__}:
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
