"""Pruning of jobs that ended long ago, on SQLite and on PostgreSQL."""

import os
from pathlib import Path

import pytest
from sqlalchemy import update

from jobs.database import queries
from jobs.database.job_list import JobFilter, list_jobs
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.files.artifacts import ArtifactStore
from jobs.maintenance import retention
from jobs.submission import submit
from tests.builders import lr_find_spec, sweep_spec
from tests.integration.maintenance.test_integrity_check import trained


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def test_pruning_takes_rows_and_files_of_what_ended_long_ago_and_leaves_the_rest(
    database: Database, store: ArtifactStore, tmp_path: Path
) -> None:
    root, runs = tmp_path / "artifacts", tmp_path / "runs"
    old, young = (trained(database, store, tmp_path) for _ in range(2))
    sweep = submit.submit(database, sweep_spec()).job_id
    submit.cancel(database, sweep)
    needed = submit.submit(database, lr_find_spec()).job_id
    with database.read() as session:
        family = [sweep, *queries.children_of(session, sweep)]
    with database.write() as session:
        session.execute(update(Job).where(Job.id.in_([old, *family])).values(finished_at=Job.created_at - 1e6))
    orphan, fresh = root / "job_x" / "left", root / "job_x" / "fresh"
    orphan.parent.mkdir()
    for path in (orphan, fresh):
        path.write_bytes(b"12345")
    os.utime(orphan, (0, 0))
    for dry_run in (True, False):
        pruned = retention.prune(database, root, runs, older_than_s=1000, dry_run=dry_run)
        assert sorted(pruned.jobs) == sorted([old, *family])
        assert (pruned.orphans, pruned.kept) == (["job_x/left"], [])
        assert pruned.size_bytes == len(b"weights") + 5
        assert (root / old).exists() is dry_run
        assert orphan.exists() is dry_run
    with database.read() as session:
        assert {job.id for job in list_jobs(session, JobFilter(), limit=99)} == {
            young, needed,
        }  # fmt: skip
    assert fresh.exists()


def test_pruning_leaves_what_a_waiting_job_needs(database: Database, store: ArtifactStore, tmp_path: Path) -> None:
    source = trained(database, store, tmp_path)
    test = lr_find_spec().range_test.model_dump(mode="json") | {"start_from": {"from_job": source}}
    submit.submit(database, lr_find_spec(range_test=test))
    pruned = retention.prune(database, tmp_path / "artifacts", tmp_path, older_than_s=-10)
    assert (pruned.jobs, pruned.kept) == ([], [source])
