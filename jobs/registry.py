"""Workers that beat, and what the sweep mends: leases that ran out, jobs that no worker can take."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from jobs import lifecycle, repository
from jobs.db import Database, db_now
from jobs.models import Job, Worker
from jobs.rows import Claim
from jobs.status import Outcome, Reason, Status


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker says of itself."""

    name: str
    host: str
    pid: int
    slots: int
    device: str


def beat(database: Database, worker: WorkerInfo, *, ttl_s: float) -> None:
    """Say that a worker lives, for ``ttl_s`` seconds to come."""
    with database.write() as session:
        now = repository.now(session)
        row = session.get(Worker, worker.name)
        if row is None:
            row = Worker(name=worker.name, started_at=now)
            session.add(row)
        row.host, row.pid, row.slots, row.device = worker.host, worker.pid, worker.slots, worker.device
        row.expires_at = now + ttl_s


def leave(database: Database, name: str) -> None:
    """Take a worker off the list."""
    with database.write() as session:
        session.execute(delete(Worker).where(Worker.name == name))


def mend(database: Database, *, max_attempts: int) -> list[str]:
    """Take back expired leases and say which queued jobs no live worker can take.

    Any number of workers may do this at the same time.

    Returns:
        Ids of jobs that may run now.
    """
    with database.write() as session:
        rung = _take_back(session, max_attempts)
    with database.write() as session:  # apart: the first may hold a parent, and children are locked before parents
        _mark_unmatched(session)
    return rung


def _take_back(session: Session, max_attempts: int) -> list[str]:
    expired = session.scalars(
        select(Job)
        .where(Job.status.in_([Status.RUNNING, Status.CANCELLING]), Job.lease_expires_at < db_now())
        .order_by(Job.parent_id, Job.id)  # parents are then locked in the same order by everyone
        .with_for_update(skip_locked=True),
    ).all()
    rung: list[str] = []
    for job in expired:
        claim = Claim(job.id, job.attempt, job.kind, job.slots, job.spec, job.resolved, None, None, 0)
        rung += lifecycle.retry(session, claim, Outcome.WORKER_LOST, max_attempts=max_attempts)
    return rung


def _mark_unmatched(session: Session) -> None:
    most = repository.most_slots(session)
    waiting = (Job.status == Status.QUEUED, Job.waits_for.is_(None))
    unmatched = Reason.NO_MATCHING_WORKER
    for condition, reason in (
        ((Job.slots > most) & Job.reason.is_(None), unmatched),
        ((Job.slots <= most) & (Job.reason == unmatched), None),
    ):
        session.execute(update(Job).where(*waiting, condition).values(reason=reason, version=Job.version + 1))
