"""Workers that beat, and what the sweep mends: leases that ran out, jobs that no worker can take."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from jobs import deadlines, endings, repository
from jobs.db import Database, db_now
from jobs.deadlines import NO_BACKOFF, Backoff
from jobs.errors import WorkerNotFoundError
from jobs.models import Attempt, Job, Seat, Worker
from jobs.rows import Claim
from jobs.spec_version import READABLE, SPEC_VERSION
from jobs.status import HELD, TERMINAL, Outcome, Reason, Status
from jobs.storage_trouble import PASSING

STUCK_S = 120.0

log = logging.getLogger(__name__)

Report = Callable[[str, Exception], None]


def _log_trouble(job_id: str, error: Exception) -> None:
    log.error("%s cannot be mended", job_id, exc_info=error)


@dataclass(frozen=True, slots=True)
class Kept:
    """The attempts that the caller's own process runs, by job and number: ``lease_s`` is how long each lease holds."""

    has: Callable[[str, int], bool] = lambda _job_id, _attempt: False
    lease_s: float = 0.0


NOTHING_KEPT = Kept()


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker says of itself; ``devices`` has one name for each slot.

    One with an ``address`` takes part in jobs of several nodes, with workers that see the same artifact ``store``.
    """

    name: str
    host: str
    pid: int
    slots: int
    device: str
    devices: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    store: str | None = None
    spec_version: int = SPEC_VERSION


def beat(
    database: Database, worker: WorkerInfo, *, ttl_s: float, quarantined: Sequence[int] = (),
    troubles: Mapping[str, str] | None = None,
) -> bool:  # fmt: skip
    """Say that a worker lives, for ``ttl_s`` seconds to come, which of its slots are out of use, and what of it fails.

    Returns:
        Whether it is to take no more jobs.
    """
    with database.write(wait_s=ttl_s, is_urgent=True) as session:
        now = repository.now(session)
        row = session.get(Worker, worker.name)
        if row is None:
            row = Worker(name=worker.name, started_at=now)
            session.add(row)
        row.host, row.pid, row.slots, row.device = worker.host, worker.pid, worker.slots, worker.device
        row.address, row.store = worker.address, worker.store
        row.devices, row.versions = list(worker.devices), dict(worker.versions)
        row.quarantined, row.beat_at = sorted(quarantined), now
        row.spec_version, row.troubles = worker.spec_version, dict(troubles or {})
        row.expires_at = now + ttl_s
        return bool(row.draining)


def drain(database: Database, name: str, *, draining: bool = True) -> None:
    """Have a worker take no more jobs, or take some again; it hears of it with its next beat.

    Raises:
        WorkerNotFoundError: None of this name is alive.
    """
    with database.write() as session:
        row = session.get(Worker, name)
        if row is None or row.expires_at <= repository.now(session):
            raise WorkerNotFoundError(name)
        row.draining = draining


def jobs_of(session: Session) -> dict[str, list[Job]]:
    """What runs where: the jobs that are held, by the name of their worker; those on several stand at each."""
    held: dict[str, list[Job]] = {}
    for job in session.scalars(select(Job).where(Job.status.in_(HELD), Job.worker.is_not(None)).order_by(Job.id)):
        held.setdefault(job.worker or "", []).append(job)
    followed = (Seat.job_id == Job.id) & (Seat.attempt == Job.attempt) & (Seat.node > 0)
    for worker, job in session.execute(select(Seat.worker, Job).join(Job, followed).where(Job.status.in_(HELD))):
        held.setdefault(worker, []).append(job)
    return held


def slots_held(session: Session) -> dict[str, int]:
    """How many slots each job holds that runs or is being ended, those lent to it with its own."""
    current = (Attempt.job_id == Job.id) & (Attempt.number == Job.attempt)
    rows = session.execute(select(Job.id, Attempt.slots).join(Attempt, current).where(Job.status.in_(HELD)))
    return {row.id: row.slots for row in rows}


def leave(database: Database, name: str) -> None:
    """Take a worker off the list."""
    with database.write() as session:
        session.execute(delete(Worker).where(Worker.name == name))


def mend(
    database: Database, *, max_attempts: int, backoff: Backoff = NO_BACKOFF, stuck_s: float = STUCK_S,
    kept: Kept = NOTHING_KEPT,
    report: Report = _log_trouble,
) -> list[str]:  # fmt: skip
    """Take back expired leases, end what waits or runs for too long, say which queued jobs no live worker can take.

    Any number of workers may do this at the same time.

    Args:
        database: Where the jobs are.
        max_attempts: How often a job may be lost, where its spec does not say.
        backoff: How long a lost job waits.
        stuck_s: How long after its deadline, or after a user's cancel, a job whose worker renews the lease, and does
            nothing else, is ended over the worker's head.
        kept: Attempts whose leases are extended where they ran out: their worker lives, since it is the caller.
        report: Called with the id of a job that could not be mended, and why; the others are mended all the same.

    Returns:
        Ids of jobs that may run now.
    """
    with database.write() as session:
        rung = _take_back(session, max_attempts, backoff, kept, report)
    with database.write() as session:
        rung += _end_overdue(session, report)
    with database.write() as session:
        rung += _end_stuck(session, stuck_s, report)
    rung += _release_left(database, report)
    with database.write() as session:  # apart: the first may hold a parent, and children are locked before parents
        _mark_unmatched(session)
    return rung


@contextmanager
def _apart(session: Session, job_id: str, report: Report) -> Iterator[None]:
    """Take back and report what was done for one job where it fails, so that the others are mended all the same."""
    try:
        with session.begin_nested():
            yield
    except PASSING:
        raise
    except Exception as error:
        report(job_id, error)


def _locked(session: Session, *conditions: ColumnElement[bool]) -> Sequence[Job]:
    return session.scalars(
        select(Job)
        .where(*conditions, READABLE)
        .order_by(Job.parent_id, Job.id)  # parents are then locked in the same order by everyone
        .with_for_update(skip_locked=True),
    ).all()


def _claim(job: Job) -> Claim:
    return Claim(job.id, job.attempt, job.kind, job.slots, job.spec, job.resolved, None, None, 0)


def _take_back(session: Session, max_attempts: int, backoff: Backoff, kept: Kept, report: Report) -> list[str]:
    rung: list[str] = []
    for job in _locked(session, Job.status.in_(HELD), Job.lease_expires_at < db_now()):
        if kept.has(job.id, job.attempt):
            job.lease_expires_at = repository.now(session) + kept.lease_s
            continue
        with _apart(session, job.id, report):
            rung += endings.retry(
                session, _claim(job), Outcome.WORKER_LOST, max_attempts=max_attempts, backoff=backoff
            )  # fmt: skip
    return rung


def _end_overdue(session: Session, report: Report) -> list[str]:
    """End jobs that have waited for too long; one that runs for too long is ended by its supervisor."""
    rung: list[str] = []
    for job in _locked(session, Job.status == Status.QUEUED, Job.deadline_at < db_now()):
        with _apart(session, job.id, report):
            rung += endings.end_waiting(session, job, Reason.DEADLINE_EXCEEDED, deadlines.too_long(job))
    return rung


def _end_stuck(session: Session, stuck_s: float, report: Report) -> list[str]:
    """End jobs whose worker lives and does not do as it was told; it may write no more then."""
    rung: list[str] = []
    late = db_now() - stuck_s
    for job in _locked(session, Job.status == Status.CANCELLING, Job.cancel_asked_at < late):
        with _apart(session, job.id, report):
            rung += endings.finish(session, _claim(job), Status.CANCELLED, Outcome.CANCELLED)
    for job in _locked(session, Job.status == Status.RUNNING, Job.deadline_at < late):
        with _apart(session, job.id, report):
            rung += endings.end_overdue(session, _claim(job), Outcome.DEADLINE_EXCEEDED)
    return rung


def _release_left(database: Database, report: Report) -> list[str]:
    """Release jobs whose source has ended at a worker that could not read them."""
    left = (Job.status == Status.QUEUED, Job.waits_for.in_(select(Job.id).where(Job.status.in_(TERMINAL))))
    with database.read() as session:  # there are none but for updates: no writing transaction each time
        if session.scalar(select(Job.id).where(*left, READABLE).limit(1)) is None:
            return []
    rung: list[str] = []
    with database.write() as session:
        for job in _locked(session, *left):
            with _apart(session, job.id, report):
                rung += endings.release(session, job)
    return rung


def _mark_unmatched(session: Session) -> None:
    waiting = (Job.status == Status.QUEUED, Job.waits_for.is_(None))
    unmatched = Reason.NO_MATCHING_WORKER
    for nodes, version in session.execute(select(Job.nodes, Job.spec_version).where(*waiting).distinct()).all():
        most = repository.most_slots(session, nodes, version)
        for condition, reason in (
            ((Job.slots > most) & Job.reason.is_(None), unmatched),
            ((Job.slots <= most) & (Job.reason == unmatched), None),
        ):
            these = (*waiting, Job.nodes == nodes, Job.spec_version == version, condition)
            session.execute(update(Job).where(*these).values(reason=reason, version=Job.version + 1))
