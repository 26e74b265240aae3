"""Run directories that a killed worker or an ended job leaves behind."""

import os
import time
from pathlib import Path

from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.lifecycle import claims, finish
from jobs.submission import submit
from tests.builders import train_spec
from tests.integration.worker.test_orphans import left_by_a_dead_worker
from worker.attempt import run_dir_cleanup
from worker.launch import orphans


def claimed(database: Database) -> Claim:
    submit.submit(database, train_spec())
    claim = claims.claim_next(database, worker="gone", slots=2, free=2, lease_s=30)
    assert claim is not None
    return claim


def test_what_a_killed_worker_left_in_run_directories_goes_and_logs_stay(database: Database, tmp_path: Path) -> None:
    lost, running = claimed(database), claimed(database)
    submit.cancel(database, lost.job_id)
    finish.cancelled(database, lost)
    untidy = [tmp_path / claim.job_id / "attempt-1" for claim in (lost, running)]
    for folder in untidy:
        (folder / "checkpoints").mkdir(parents=True)
        for name in ("plan.json", "report.jsonl", "agent.log", "checkpoints/step-9.part"):
            (folder / name).write_text("")
    assert run_dir_cleanup.tidy_attempts(database, tmp_path) == [untidy[0]]
    assert [path.name for path in untidy[0].rglob("*") if path.is_file()] == ["agent.log"]
    assert (untidy[1] / "plan.json").exists()
    left_by_a_dead_worker(tmp_path, lost.job_id, 2, os.getpid())
    (untidy[0].parent / "attempt-2" / "plan.json").write_text("")
    assert run_dir_cleanup.tidy_attempts(database, tmp_path) == []  # processes of it may still run


def test_run_directories_of_jobs_that_ended_long_ago_go_and_others_stay(database: Database, tmp_path: Path) -> None:
    ended, running = claimed(database), claimed(database)
    submit.cancel(database, ended.job_id)
    finish.cancelled(database, ended)
    for job_id in (ended.job_id, running.job_id, "job_" + "0" * 32):
        (tmp_path / job_id / "attempt-1").mkdir(parents=True)
    assert orphans.tidy_runs(database, tmp_path, keep_days=1) == []
    long_ago = time.time() - 2 * orphans.DAY_S
    for job_id in (ended.job_id, running.job_id):
        for path in (tmp_path / job_id / "attempt-1", tmp_path / job_id):
            os.utime(path, (long_ago, long_ago))
    assert orphans.tidy_runs(database, tmp_path, keep_days=1) == [ended.job_id]
    assert orphans.tidy_runs(database, tmp_path, keep_days=0) == ["job_" + "0" * 32]
    assert (tmp_path / running.job_id).exists()
