"""Removes jobs that ended long ago: rows and files together, one job with its children at a time."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jobs.database.session import Database, db_now
from jobs.database.tables.jobs import Artifact, Job
from jobs.errors import JobInUseError, JobNotFoundError, JobNotTerminalError
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import resume_and_delete
from jobs.maintenance import integrity_check
from jobs.status import TERMINAL

GRACE_S = 3600.0


class _UndoError(Exception):
    """Raised to roll back a transaction that was only a trial."""


@dataclass(slots=True)
class Pruned:
    """The result of `prune`: ids of removed jobs, orphan files, bytes of both, and jobs that others still need."""

    jobs: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    size_bytes: int = 0


def prune(
    database: Database, artifacts_dir: Path, runs_dir: Path, *, older_than_s: float, dry_run: bool = False
) -> Pruned:  # fmt: skip
    """Remove jobs that ended longer than ``older_than_s`` ago, and files that no row refers to.

    A job is removed with its children, and kept while an unfinished job needs it. Orphan files of the last hour are
    kept: their row may be on its way.
    """
    pruned, store = Pruned(), ArtifactStore(artifacts_dir)
    with database.read() as session:
        ended = (Job.status.in_(TERMINAL), Job.parent_id.is_(None), Job.finished_at < db_now() - older_than_s)
        job_ids = list(session.scalars(select(Job.id).where(*ended).order_by(Job.id)))
    for job_id in job_ids:
        _prune_job(database, store, runs_dir, job_id, pruned, dry_run=dry_run)
    _prune_orphans(database, artifacts_dir, pruned, dry_run=dry_run)
    return pruned


def _prune_job(
    database: Database, store: ArtifactStore, runs_dir: Path, job_id: str, pruned: Pruned, *, dry_run: bool
) -> None:
    size, removed = 0, []
    try:
        with database.write() as session:
            size = _size(session, job_id)
            removed = resume_and_delete.remove_rows(session, job_id)
            _undo_if(dry_run)
    except (JobInUseError, JobNotTerminalError):
        pruned.kept.append(job_id)
        return
    except JobNotFoundError:
        return  # a user has deleted it first
    except _UndoError:
        pass
    pruned.jobs += removed
    pruned.size_bytes += size
    if not dry_run:
        resume_and_delete.remove_files(store, runs_dir, removed)


def _size(session: Session, job_id: str) -> int:
    files = select(func.sum(Artifact.size_bytes)).join(Job, Job.id == Artifact.job_id)
    return int(session.scalar(files.where((Job.id == job_id) | (Job.parent_id == job_id))) or 0)


def _undo_if(dry_run: bool) -> None:
    if dry_run:
        raise _UndoError


def _prune_orphans(database: Database, root: Path, pruned: Pruned, *, dry_run: bool) -> None:
    with database.read() as session:
        found = [path for path in integrity_check.orphans(session, root) if _is_old(path)]
    for path in found:
        if path.parts[len(root.parts)] in pruned.jobs:
            continue
        pruned.orphans.append(str(path.relative_to(root)))
        pruned.size_bytes += path.stat().st_size
        if not dry_run:
            path.unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > GRACE_S  # the clock of this host, as for the times of files
