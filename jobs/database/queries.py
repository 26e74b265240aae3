"""Queries that read jobs. Writes are in `jobs.submission` (for users) and `jobs.lifecycle` (for workers)."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.database.row_filter import owner_of
from jobs.database.session import db_now
from jobs.database.tables.jobs import Artifact, Attempt, Event, IdempotencyKey, Job, Point
from jobs.database.tables.service import Worker
from jobs.errors import JobNotFoundError

JOB_ID = re.compile(r"job_[0-9a-f]{32}")


def now(session: Session) -> float:
    """Return the time of the database's clock."""
    return float(session.scalar(select(db_now())) or 0.0)


def get_job(session: Session, job_id: str) -> Job:
    """Return one job.

    Raises:
        JobNotFoundError: There is no job with this id.
    """
    job = session.get(Job, job_id) if JOB_ID.fullmatch(job_id) else None
    if job is None:
        raise JobNotFoundError(job_id)
    return job


def lock_job(session: Session, job_id: str) -> Job:
    """Return one job and lock its row, so that it cannot end before this transaction does.

    Raises:
        JobNotFoundError: There is no job with this id.
    """
    session.flush()
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)  # as it is now that it is locked
    if job is None:
        raise JobNotFoundError(job_id)
    return job


def attempts_of(session: Session, job_id: str) -> Sequence[Attempt]:
    """Return all attempts at a job, in order."""
    return session.scalars(select(Attempt).where(Attempt.job_id == job_id).order_by(Attempt.number)).all()


def attempts_of_all(session: Session, job_ids: Sequence[str]) -> dict[str, list[Attempt]]:
    """Return all attempts at some jobs, in order, by job."""
    found: dict[str, list[Attempt]] = {}
    if job_ids:
        query = select(Attempt).where(Attempt.job_id.in_(job_ids)).order_by(Attempt.number)
        for attempt in session.scalars(query):
            found.setdefault(attempt.job_id, []).append(attempt)
    return found


def children_of_all(session: Session, job_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the children of some jobs, by parent."""
    found: dict[str, list[str]] = {}
    if job_ids:
        query = select(Job.parent_id, Job.id).where(Job.parent_id.in_(job_ids)).order_by(Job.id)
        for parent_id, job_id in session.execute(query):
            found.setdefault(str(parent_id), []).append(job_id)
    return found


def children_of(session: Session, job_id: str) -> Sequence[str]:
    """Return the ids of the children of a job."""
    return session.scalars(select(Job.id).where(Job.parent_id == job_id).order_by(Job.id)).all()


def events_of(session: Session, job_id: str, *, after: int = 0, limit: int | None = None) -> Sequence[Event]:
    """Return the events of a job after a number, in order."""
    query = select(Event).where(Event.job_id == job_id, Event.seq > after).order_by(Event.seq)
    return session.scalars(query.limit(limit)).all()


def find_key(session: Session, key: str) -> IdempotencyKey | None:
    """Return the use of an Idempotency-Key of this session's owner; None if it is new."""
    return session.get(IdempotencyKey, (owner_of(session) or "", key))


def latest_checkpoint(session: Session, job_id: str) -> Artifact | None:
    """Return the newest checkpoint not known to be damaged. All metrics of the steps before it are in SQL."""
    return session.scalar(
        select(Artifact)
        .where(Artifact.job_id == job_id, Artifact.kind == "checkpoint", Artifact.damaged_at.is_(None))
        .order_by(Artifact.step.desc())
        .limit(1),
    )


def checkpoints_of(session: Session, job_id: str) -> Sequence[Artifact]:
    """Return the stored checkpoints, including damaged ones, newest first."""
    return session.scalars(
        select(Artifact).where(Artifact.job_id == job_id, Artifact.kind == "checkpoint").order_by(Artifact.step.desc()),
    ).all()


def files_of(session: Session, job_id: str, kind: str) -> Sequence[Artifact]:
    """Return the stored files of one kind, newest first."""
    return session.scalars(
        select(Artifact)
        .where(Artifact.job_id == job_id, Artifact.kind == kind)
        .order_by(Artifact.created_at.desc(), Artifact.key.desc()),
    ).all()


def series(session: Session, job_id: str, metric: str, replica: int) -> Sequence[tuple[int, float | None, str | None]]:
    """Return ``(step, value, nonfinite)`` of one metric and replica, in order of steps."""
    rows = session.execute(
        select(Point.step, Point.value, Point.nonfinite)
        .where(Point.job_id == job_id, Point.metric == metric, Point.replica == replica)
        .order_by(Point.step),
    )
    return [(step, value, nonfinite) for step, value, nonfinite in rows]


def evaluations_of_all(session: Session, job_ids: Sequence[str], metric: str) -> dict[str, list[tuple[int, float]]]:
    """Return the finite values of a metric of some trainings with their steps, in order, by job."""
    found: dict[str, list[tuple[int, float]]] = {}
    query = (
        select(Point.job_id, Point.step, Point.value)
        .where(Point.job_id.in_(job_ids), Point.metric == metric, Point.replica == 0, Point.value.is_not(None))
        .order_by(Point.job_id, Point.step)
    )
    rows: Any = session.execute(query)
    for job_id, step, value in rows:
        found.setdefault(job_id, []).append((step, value))
    return found


def live_workers(session: Session) -> Sequence[Worker]:
    """Return the workers whose last heartbeat is recent enough."""
    return session.scalars(select(Worker).where(Worker.expires_at > db_now()).order_by(Worker.name)).all()


def most_slots(session: Session, nodes: int = 1, spec_version: int = 1) -> int:
    """Return the slots of the largest job over this many nodes that live workers could run; 0 if there are too few.

    Several nodes are workers that have an address and share an artifact store. Workers that cannot read specs of this
    version do not count.
    """
    sizes: dict[str | None, list[int]] = {}
    for worker in live_workers(session):
        reads = worker.spec_version >= spec_version
        if reads and not worker.draining and (nodes == 1 or worker.address is not None):
            sizes.setdefault(worker.store if nodes > 1 else None, []).append(worker.slots - len(worker.quarantined))
    fit = [sorted(each, reverse=True)[nodes - 1] for each in sizes.values() if len(each) >= nodes]
    return nodes * max(fit, default=0)
