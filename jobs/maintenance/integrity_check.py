"""Checks that a database and its artifact store agree: nothing is missing, and nothing is left over."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.orm import Session

from jobs.curves.rollups import TOP
from jobs.database.session import Database
from jobs.database.tables.jobs import Artifact, Attempt, Bucket, Job, Point
from jobs.database.tables.service import Dataset
from jobs.files.artifacts import IDENTITY, ArtifactStore
from jobs.lifecycle.parents import KINDS
from jobs.status import HELD, TERMINAL

DATASETS = "datasets"


@dataclass(frozen=True, slots=True)
class Finding:
    """An inconsistency: its code, the row or file, and a description."""

    code: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.code}: {self.where}: {self.what}"


def inspect_storage(database: Database, artifacts_dir: Path, *, hashes: bool = False) -> list[Finding]:
    """Return every inconsistency. This changes nothing.

    Args:
        database: A database with the newest schema.
        artifacts_dir: The folder of the artifact store.
        hashes: Whether to read every file and compare its SHA-256.
    """
    store = ArtifactStore(artifacts_dir)
    with database.read() as session:
        return [
            *_pages(session),
            *_jobs(session),
            *_counts(session),
            *_files(session, store, hashes=hashes),
            *_orphans(session, artifacts_dir),
        ]


def _pages(session: Session) -> Iterator[Finding]:
    if session.get_bind().dialect.name != "sqlite":
        return
    for (line,) in session.execute(text("PRAGMA integrity_check(20)")):
        if line != "ok":
            yield Finding("damaged_database", "sqlite", line)
    for row in session.execute(text("PRAGMA foreign_key_check")):
        yield Finding("broken_reference", f"{row[0]} rowid {row[1]}", f"refers to {row[2]}, which has no such row")


def _jobs(session: Session) -> Iterator[Finding]:
    """Find rows whose columns contradict each other."""
    rules = (
        ("terminal_without_end", and_(Job.status.in_(TERMINAL), Job.finished_at.is_(None)), "has no finished_at"),
        ("unfinished_with_end", and_(Job.status.not_in(TERMINAL), Job.finished_at.is_not(None)), "has a finished_at"),
        (
            "held_without_lease",
            and_(Job.status.in_(HELD), Job.kind.not_in(KINDS), Job.lease_expires_at.is_(None)),
            "is held by nobody",
        ),
    )
    for code, condition, what in rules:
        for job_id, status in session.execute(select(Job.id, Job.status).where(condition)):
            yield Finding(code, job_id, f"is {status} and {what}")
    open_attempts = select(Attempt.job_id, Attempt.number).join(Job, Job.id == Attempt.job_id)
    open_attempts = open_attempts.where(
        Attempt.finished_at.is_(None), or_(Job.status.not_in(HELD), Attempt.number != Job.attempt)
    )
    for job_id, number in session.execute(open_attempts):
        yield Finding("open_attempt", job_id, f"attempt {number} never ended, and does not run")


def _counts(session: Session) -> Iterator[Finding]:
    """Find series whose roll-ups disagree with the number of points, at the finest and at the coarsest level."""
    name = (Point.job_id, Point.metric, Point.replica)
    there = select(*name, func.count().label("points"), func.count(Point.value).label("finite"))
    key = (Bucket.job_id, Bucket.metric, Bucket.replica)
    counted = select(*key, func.sum(Bucket.finite + Bucket.nonfinite), func.sum(Bucket.finite))
    points = {tuple(row[:3]): tuple(map(int, row[3:])) for row in session.execute(there.group_by(*name))}
    for level in (0, TOP):
        rows = session.execute(counted.where(Bucket.level == level).group_by(*key))
        counts = {tuple(row[:3]): tuple(map(int, row[3:])) for row in rows}
        for series in sorted(points.keys() | counts.keys()):
            if points.get(series, (0, 0)) != counts.get(series, (0, 0)):
                job_id, metric, replica = map(str, series)
                have, count = points.get(series, (0, 0)), counts.get(series, (0, 0))
                what = f"{metric} of replica {replica} has {have} points (all, finite); level {level} counts {count}"
                yield Finding("roll_up_differs", job_id, what)


def _files(session: Session, store: ArtifactStore, *, hashes: bool) -> Iterator[Finding]:
    rows = []
    for row in session.scalars(select(Artifact)):
        if row.damaged_at is not None:
            yield Finding("damaged_checkpoint", row.key, f"a worker found the checkpoint after step {row.step} damaged")
        else:
            rows.append((row.key, row.size_bytes, row.sha256))
    rows += [(f"{DATASETS}/{row.id}", row.size_bytes, row.sha256) for row in session.scalars(select(Dataset))]
    for key, size_bytes, sha256 in rows:
        path = store.path(key)
        if not path.is_file():
            yield Finding("missing_file", key, "stands in SQL, and is not in the store")
        elif path.stat().st_size != size_bytes:
            yield Finding("wrong_size", key, f"has {path.stat().st_size} bytes, {size_bytes} were stored")
        elif hashes and (fault := store.fault(key, sha256)) is not None:
            yield Finding("damaged_file", key, fault)


def _orphans(session: Session, root: Path) -> Iterator[Finding]:
    for path in orphans(session, root):
        yield Finding("orphan_file", str(path.relative_to(root)), f"{path.stat().st_size} bytes that no row refers to")


def orphans(session: Session, root: Path) -> list[Path]:
    """Return files of the store that no row refers to, except of running jobs: their row may be on its way."""
    known = set(session.scalars(select(Artifact.key)))
    known |= {f"{DATASETS}/{dataset_id}" for dataset_id in session.scalars(select(Dataset.id))}
    held = set(session.scalars(select(Job.id).where(Job.status.in_(HELD))))
    found = []
    for path in sorted(root.rglob("*")):
        key = path.relative_to(root)
        if path.is_file() and str(key) not in {*known, IDENTITY} and key.parts[0] not in held:
            found.append(path)
    return found
