"""Recovers jobs: takes back expired leases, ends overdue jobs, marks jobs that no worker can take."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.availability import PASSING
from jobs.database.records import AttemptId
from jobs.database.session import Database, db_now
from jobs.database.tables.jobs import Job
from jobs.lifecycle import finish
from jobs.scheduling import deadlines
from jobs.scheduling.deadlines import NO_BACKOFF, Backoff
from jobs.scheduling.spec_version import READABLE
from jobs.status import HELD, TERMINAL, Outcome, Reason, Status

STUCK_S = 120.0

log = logging.getLogger(__name__)

Report = Callable[[str, Exception], None]


def _log_trouble(job_id: str, error: Exception) -> None:
    log.error("%s cannot be recovered", job_id, exc_info=error)


@dataclass(frozen=True, slots=True)
class HeldAttempts:
    """The attempts of the caller's own process, by job and number. Each lease lasts ``lease_s``."""

    has: Callable[[str, int], bool] = lambda _job_id, _attempt: False
    lease_s: float = 0.0


NOTHING_HELD = HeldAttempts()


def recover_jobs(
    database: Database, *, max_attempts: int, backoff: Backoff = NO_BACKOFF, stuck_s: float = STUCK_S,
    kept: HeldAttempts = NOTHING_HELD,
    report: Report = _log_trouble,
) -> list[str]:  # fmt: skip
    """Take back expired leases, end jobs that wait or run too long, and mark queued jobs that no live worker can take.

    Any number of workers may do this at the same time.

    Args:
        database: Where the jobs are.
        max_attempts: Limit on lost attempts, if the spec sets none.
        backoff: The pause of a lost job.
        stuck_s: Seconds after its deadline, or after a cancel, when a job is ended even though its worker still renews
            the lease.
        kept: The caller's own attempts. Their expired leases are extended, since their worker is alive.
        report: Called with the id of a job that could not be recovered, and why; the others still are.

    Returns:
        Ids of jobs that may run now.
    """
    with database.write() as session:
        runnable = _take_back(session, max_attempts, backoff, kept, report)
    with database.write() as session:
        runnable += _end_overdue(session, report)
    with database.write() as session:
        runnable += _end_stuck(session, stuck_s, report)
    runnable += _release_left(database, report)
    with database.write() as session:  # apart: the first may lock a parent, and children come first
        _mark_unmatched(session)
    return runnable


@contextmanager
def _apart(session: Session, job_id: str, report: Report) -> Iterator[None]:
    """Run a step for one job in a savepoint. Report a failure, so that the other jobs are still recovered."""
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
        .order_by(Job.parent_id, Job.id)  # so every process locks parents in the same order
        .with_for_update(skip_locked=True),
    ).all()


def _newest_attempt(job: Job) -> AttemptId:
    return AttemptId(job.id, job.attempt)


def _take_back(session: Session, max_attempts: int, backoff: Backoff, kept: HeldAttempts, report: Report) -> list[str]:
    runnable: list[str] = []
    for job in _locked(session, Job.status.in_(HELD), Job.lease_expires_at < db_now()):
        if kept.has(job.id, job.attempt):
            job.lease_expires_at = queries.now(session) + kept.lease_s
            continue
        with _apart(session, job.id, report):
            runnable += finish.retry(
                session, _newest_attempt(job), Outcome.WORKER_LOST, max_attempts=max_attempts, backoff=backoff
            )  # fmt: skip
    return runnable


def _end_overdue(session: Session, report: Report) -> list[str]:
    """End jobs that have waited too long. A job that runs too long is ended by its supervisor."""
    runnable: list[str] = []
    for job in _locked(session, Job.status == Status.QUEUED, Job.deadline_at < db_now()):
        with _apart(session, job.id, report):
            runnable += finish.end_waiting(session, job, Reason.DEADLINE_EXCEEDED, deadlines.too_long(job))
    return runnable


def _end_stuck(session: Session, stuck_s: float, report: Report) -> list[str]:
    """End jobs whose worker is alive but ignores a cancel or deadline. The worker can no longer write to them."""
    runnable: list[str] = []
    late = db_now() - stuck_s
    for job in _locked(session, Job.status == Status.CANCELLING, Job.cancel_asked_at < late):
        with _apart(session, job.id, report):
            runnable += finish.finish(session, _newest_attempt(job), Status.CANCELLED, Outcome.CANCELLED)
    for job in _locked(session, Job.status == Status.RUNNING, Job.deadline_at < late):
        with _apart(session, job.id, report):
            runnable += finish.end_overdue(session, _newest_attempt(job), Outcome.DEADLINE_EXCEEDED)
    return runnable


def _release_left(database: Database, report: Report) -> list[str]:
    """Release jobs that a worker could not read when their source ended."""
    left = (Job.status == Status.QUEUED, Job.waits_for.in_(select(Job.id).where(Job.status.in_(TERMINAL))))
    with database.read() as session:  # such jobs exist only after an upgrade, so avoid a write transaction each time
        if session.scalar(select(Job.id).where(*left, READABLE).limit(1)) is None:
            return []
    runnable: list[str] = []
    with database.write() as session:
        for job in _locked(session, *left):
            with _apart(session, job.id, report):
                runnable += finish.release(session, job)
    return runnable


def _mark_unmatched(session: Session) -> None:
    waiting = (Job.status == Status.QUEUED, Job.waits_for.is_(None))
    unmatched = Reason.NO_MATCHING_WORKER
    for nodes, version in session.execute(select(Job.nodes, Job.spec_version).where(*waiting).distinct()).all():
        most = queries.most_slots(session, nodes, version)
        for condition, reason in (
            ((Job.slots > most) & Job.reason.is_(None), unmatched),
            ((Job.slots <= most) & (Job.reason == unmatched), None),
        ):
            these = (*waiting, Job.nodes == nodes, Job.spec_version == version, condition)
            session.execute(update(Job).where(*these).values(reason=reason, version=Job.version + 1))
