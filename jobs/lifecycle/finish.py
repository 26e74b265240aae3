"""Ends jobs and attempts, and releases the jobs that waited: one transaction each, fenced by the attempt."""

import logging
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import AttemptId
from jobs.database.session import Database, db_now
from jobs.database.tables.jobs import Attempt, Event, Job
from jobs.errors import BoundsNotReadyError, NoBoundsError, UnusableBoundsError
from jobs.lifecycle import fenced_write, parents, restart_after_divergence
from jobs.results.lr_bounds import bounds_of, measure
from jobs.scheduling import deadlines
from jobs.scheduling.deadlines import NO_BACKOFF, Backoff
from jobs.scheduling.spec_version import READABLE
from jobs.spec.job import TrainSpec, job_spec
from jobs.spec.resolved import resolve
from jobs.status import TERMINAL, Outcome, Reason, Status, sources_of

log = logging.getLogger(__name__)


def succeed(database: Database, claim: AttemptId, result: dict[str, Any]) -> list[str]:
    """Record the result. For a range test, compute its bounds from the curves.

    Returns:
        Ids of jobs that waited for this one and may now run.
    """
    with database.write() as session:
        job = queries.get_job(session, claim.job_id)
        verdict = measure(session, job) if job.kind == "lr_find" else result
        # The reason is cleared: a cancel that came too late did not end the job.
        return finish(session, claim, Status.SUCCEEDED, Outcome.SUCCEEDED, result=verdict, reason=None)


def fail(database: Database, claim: AttemptId, reason: Reason, message: str) -> list[str]:
    """Record that the job failed for a reason that a new attempt would not fix."""
    with database.write() as session:
        error = {"code": reason, "message": message}
        return finish(session, claim, Status.FAILED, Outcome.FAILED, reason=reason, error=error)


def start_again(database: Database, claim: AttemptId, message: str) -> bool:
    """Queue a diverged training again, from the start and with lower rates, if its spec asks for that.

    No row refers to its checkpoints any more.

    Returns:
        Whether it is queued. If not, the caller fails it.
    """
    with database.write() as session:
        changes = restart_after_divergence.next_try(session, claim, message)
        if changes is None:
            return False
        job = queries.get_job(session, claim.job_id)
        changes["deadline_at"] = deadlines.of_waiting(job.spec, queries.now(session))
        changes |= {"worker": None, "lease_expires_at": None, "ran_s": _ran_s(claim)}
        fenced_write.write(session, claim, version=Job.version + 1, **changes)
        _end_attempt(session, claim, Outcome.DIVERGED)
        return True


def ran_too_long(database: Database, claim: AttemptId) -> list[str]:
    """Record that a job has run for longer than its ``max_runtime_s``; its curve stays."""
    with database.write() as session:
        return end_overdue(session, claim, Outcome.DEADLINE_EXCEEDED)


def end_overdue(session: Session, claim: AttemptId, outcome: Outcome, **values: Any) -> list[str]:
    """Like `ran_too_long`, in the caller's transaction."""
    reason, error = Reason.DEADLINE_EXCEEDED, deadlines.too_long(queries.get_job(session, claim.job_id))
    return finish(session, claim, Status.FAILED, outcome, reason=reason, error=error, **values)


def cancelled(database: Database, claim: AttemptId) -> list[str]:
    """Record that the ranks of a cancelled job have ended."""
    with database.write() as session:
        return finish(session, claim, Status.CANCELLED, Outcome.CANCELLED)


def finish(session: Session, claim: AttemptId, status: Status, outcome: Outcome, **values: Any) -> list[str]:
    """End a job and its attempt in the caller's transaction.

    Returns:
        Ids of jobs that waited for this one and may now run.
    """
    assert set(sources_of(status)) <= {Status.QUEUED, Status.RUNNING, Status.CANCELLING}  # noqa: S101
    fenced_write.write(
        session, claim, status=status, finished_at=db_now(), lease_expires_at=None, deadline_at=None,
        ran_s=_ran_s(claim), version=Job.version + 1, **values,
    )  # fmt: skip
    _end_attempt(session, claim, outcome)
    session.add(Event(job_id=claim.job_id, at=queries.now(session), type=str(status), data={}))
    session.flush()
    session.expire_all()
    return release_waiting(session, claim.job_id)


def end_waiting(session: Session, job: Job, reason: Reason, error: dict[str, str]) -> list[str]:
    """Fail a queued job in the caller's transaction. The caller has locked its row.

    Returns:
        Ids of jobs that waited for this one and may now run.
    """
    _fail_queued(session, job, reason, error)
    job.version += 1
    session.flush()
    return release_waiting(session, job.id)


def _fail_queued(session: Session, job: Job, reason: Reason, error: dict[str, str]) -> None:
    now = queries.now(session)
    job.status, job.reason, job.error, job.finished_at = Status.FAILED, reason, dict(error), now
    job.deadline_at = None
    session.add(Event(job_id=job.id, at=now, type=str(Status.FAILED), data={}))


def _end_attempt(session: Session, claim: AttemptId, outcome: Outcome) -> None:
    job = queries.get_job(session, claim.job_id)
    session.execute(
        update(Attempt)
        .where(Attempt.job_id == claim.job_id, Attempt.number == claim.attempt)
        .values(finished_at=db_now(), outcome=outcome, last_step=job.step),
    )


def _ran_s(claim: AttemptId) -> ColumnElement[float]:
    """Return an expression for the seconds that a job has run, including this attempt.

    It is part of the single UPDATE that ends a job. After a second UPDATE in the same transaction, PostgreSQL would
    check the reference to the parent and lock the parent before its children.
    """
    began = select(Attempt.started_at).where(Attempt.job_id == claim.job_id, Attempt.number == claim.attempt)
    return Job.ran_s + (db_now() - began.scalar_subquery())


def release_waiting(session: Session, source_id: str, *, leave: str | None = None) -> list[str]:
    """Release the jobs that waited for an ended one: they run with its bounds, or fail. End their parents as needed.

    Args:
        session: A transaction.
        source_id: The job that has ended.
        leave: A parent that the caller ends itself.

    Returns:
        Ids of jobs that may run now.
    """
    source = queries.get_job(session, source_id)
    assert source.status in TERMINAL  # noqa: S101 - callers end it first
    released: list[Job] = []
    ended = [source]
    for job in session.scalars(
        select(Job)
        .where(Job.waits_for == source_id, Job.status == Status.QUEUED, READABLE)
        .order_by(Job.id)
        .with_for_update()  # a job that is being cancelled is left out
        .execution_options(populate_existing=True)
    ).all():
        try:
            has_bounds = _resolve_waiting(session, job, source)
        except ValidationError:  # its source has ended anyway
            log.warning("%s: its spec cannot be read; the reaper tries again", job.id)
            continue
        (released if has_bounds else ended).append(job)
    parents.settle_parents(session, (job for job in ended if job.parent_id != leave))
    return [job.id for job in released]


def release(session: Session, job: Job) -> list[str]:
    """Like `release_waiting` for one job whose source has ended. The caller has locked its row.

    Raises:
        ValidationError: Its spec cannot be read.
    """
    assert job.waits_for is not None  # noqa: S101 - callers ask for such jobs
    if _resolve_waiting(session, job, queries.get_job(session, job.waits_for)):
        return [job.id]
    parents.settle_parents(session, [job])
    return []


def _resolve_waiting(session: Session, job: Job, source: Job) -> bool:
    """Give a job the bounds that it waited for, or fail it. Return whether there were bounds."""
    spec = job_spec.validate_python(job.spec)
    assert isinstance(spec, TrainSpec)  # noqa: S101 - only trainings wait
    job.waits_for, job.version = None, job.version + 1
    try:
        job.resolved = resolve(spec, bounds_of(source)).document()
    except (NoBoundsError, BoundsNotReadyError, UnusableBoundsError) as error:
        _fail_queued(session, job, Reason.PARENT_FAILED, {"code": Reason.PARENT_FAILED, "message": str(error)})
        return False
    job.deadline_at = deadlines.of_waiting(job.spec, queries.now(session))
    return True


def give_back(
    database: Database, claim: AttemptId, outcome: Outcome, *, max_attempts: int, backoff: Backoff = NO_BACKOFF,
    cause: str | None = None,
) -> list[str]:  # fmt: skip
    """End a lost or returned attempt. The job is queued again, or fails if it was lost too often.

    Args:
        database: Where the job is.
        claim: The attempt.
        outcome: How it ended.
        max_attempts: Limit on lost attempts, if the job sets none.
        backoff: The pause before the next attempt.
        cause: Why the attempt was lost, if known.

    Returns:
        Ids of jobs that may run now.
    """
    with database.write() as session:
        return retry(session, claim, outcome, max_attempts=max_attempts, backoff=backoff, cause=cause)


def retry(
    session: Session, claim: AttemptId, outcome: Outcome, *, max_attempts: int, backoff: Backoff = NO_BACKOFF,
    cause: str | None = None,
) -> list[str]:  # fmt: skip
    """Like `give_back`, in the caller's transaction."""
    job, now = queries.lock_job(session, claim.job_id), queries.now(session)  # no cancel comes in between
    max_attempts = job.spec.get("max_attempts") or max_attempts
    failures = job.failures + (outcome is Outcome.WORKER_LOST)
    if job.status == Status.CANCELLING:
        return finish(session, claim, Status.CANCELLED, outcome)
    if job.deadline_at is not None and job.deadline_at < now:
        return end_overdue(session, claim, outcome, failures=failures)
    if failures >= max_attempts:
        message = f"{failures} attempts were lost with their worker or ranks, and stored no checkpoint"
        message += f"; max_attempts is {max_attempts}"
        message += f". The last one: {cause}" if cause else ""
        return finish(
            session, claim, Status.FAILED, outcome, reason=Reason.ATTEMPTS_EXHAUSTED, failures=failures,
            error={"code": Reason.ATTEMPTS_EXHAUSTED, "message": message},
        )  # fmt: skip
    pause_s = _pause_s(session, claim, outcome, failures, backoff)
    reason = Reason.DISK_FULL if outcome is Outcome.DISK_FULL else None
    fenced_write.write(
        session, claim, status=Status.QUEUED, reason=reason, worker=None, lease_expires_at=None, failures=failures,
        not_before=now + pause_s if pause_s else None, deadline_at=deadlines.of_waiting(job.spec, now + pause_s),
        ran_s=_ran_s(claim), version=Job.version + 1,
    )  # fmt: skip
    _end_attempt(session, claim, outcome)
    told = {"outcome": outcome, "pause_s": pause_s} | ({"cause": cause} if cause else {})
    session.add(Event(job_id=claim.job_id, at=now, type="requeued", data=told))
    return [claim.job_id]


def _pause_s(session: Session, claim: AttemptId, outcome: Outcome, failures: int, backoff: Backoff) -> float:
    """Return the seconds that a job waits before its next attempt."""
    if outcome is Outcome.WORKER_LOST:
        return backoff.after(failures)
    if outcome is Outcome.DISK_FULL:
        earlier = (Attempt.job_id == claim.job_id, Attempt.outcome == Outcome.DISK_FULL)
        return backoff.after(1 + (session.scalar(select(func.count()).where(*earlier)) or 0))
    return 0.0
