"""What workers do with jobs: claim, renew, record, finish. Every write carries the attempt as fencing token."""

from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from jobs import alarms, deadlines, divergence, parents, repository, rollups, stored_files
from jobs.bounds import bounds_of, measure, resolve
from jobs.db import Database, db_now
from jobs.deadlines import NO_BACKOFF, Backoff
from jobs.errors import BoundsNotReadyError, NoBoundsError, StaleAttemptError, UnusableBoundsError
from jobs.models import Artifact, Attempt, Event, Job, Point
from jobs.rows import Batch, Claim, Wish
from jobs.spec import TrainSpec, job_spec
from jobs.status import TERMINAL, Outcome, Reason, Status, sources_of

KEPT_CHECKPOINTS = 2


def claim_next(database: Database, *, worker: str, slots: int, free: int, lease_s: float) -> Claim | None:
    """Take the job at the head of the queue by compare-and-set.

    Args:
        database: Where jobs wait.
        worker: Who takes it.
        slots: Devices of this worker; a job that needs more is not for it.
        free: Devices that nobody uses; if the job at the head needs more, nothing is taken.
        lease_s: How long the claim holds until it is renewed.

    Returns:
        The claim, or None where nothing can start or another worker was faster.
    """
    with database.write() as session:
        job = repository.next_claimable(session, slots)
        if job is None or job.slots > free:
            return None
        taken = session.execute(
            update(Job)
            .where(Job.id == job.id, Job.status == Status.QUEUED, Job.attempt == job.attempt)
            .values(
                status=Status.RUNNING, reason=None, attempt=Job.attempt + 1, worker=worker,
                lease_expires_at=db_now() + lease_s, version=Job.version + 1, not_before=None,
            )
            .returning(Job.attempt),
        ).scalar()  # fmt: skip
        return None if taken is None else _begin_attempt(session, job.id, taken, worker)


def _begin_attempt(session: Session, job_id: str, attempt: int, worker: str) -> Claim:
    session.expire_all()
    job = repository.get_job(session, job_id)
    now = repository.now(session)
    checkpoint = repository.latest_checkpoint(session, job_id)
    step = 0 if checkpoint is None else checkpoint.step or 0
    # What was reported after the checkpoint is done again, so it goes: no step may stand in a curve twice.
    session.execute(delete(Point).where(Point.job_id == job_id, Point.step >= step))
    rollups.rewind(session, job_id, step)
    job.started_at, job.step = job.started_at or now, step
    job.deadline_at = deadlines.of_running(job, now)
    resumed_from = None if checkpoint is None else step
    session.add(Attempt(job_id=job_id, number=attempt, worker=worker, started_at=now, resumed_from_step=resumed_from))
    session.add(Event(job_id=job_id, at=now, type="started", data={"attempt": attempt, "from_step": step}))
    parents.begin_parent(session, job)
    start = job.resolved.get("start_from", {})
    return Claim(
        job_id=job_id, attempt=attempt, kind=job.kind, slots=job.slots, spec=job.spec, resolved=job.resolved,
        start_key=start.get("key"), start_sha256=start.get("sha256"),
        resume_key=None if checkpoint is None else checkpoint.key,
        resume_sha256=None if checkpoint is None else checkpoint.sha256, resume_step=step,
    )  # fmt: skip


def renew(database: Database, claim: Claim, *, lease_s: float) -> Wish:
    """Extend the lease.

    Returns:
        What the job's row asks of its attempt.

    Raises:
        StaleAttemptError: The job is no longer this attempt's.
    """
    with database.write() as session:
        return _write(session, claim, lease_expires_at=db_now() + lease_s)


def _write(session: Session, claim: Claim, **values: Any) -> Wish:
    row = session.execute(
        update(Job)
        .where(
            Job.id == claim.job_id,
            Job.attempt == claim.attempt,
            Job.status.in_([Status.RUNNING, Status.CANCELLING]),
        )
        .values(**values)
        .returning(Job.status, Job.cancel_mode, (Job.deadline_at < db_now()).label("overdue")),
    ).one_or_none()
    if row is None:
        raise StaleAttemptError(claim.job_id, claim.attempt)
    cancels = row.status == Status.CANCELLING
    return Wish(cancel=cancels, kill=cancels and row.cancel_mode == "kill", overdue=bool(row.overdue))


def record(database: Database, claim: Claim, batch: Batch) -> list[str]:
    """Write what the ranks reported, all of it or nothing.

    Returns:
        Keys of files that nothing refers to any more.

    Raises:
        StaleAttemptError: The job is no longer this attempt's; nothing is written.
    """
    with database.write() as session:
        values = dict(batch.progress)
        job = repository.get_job(session, claim.job_id)
        if batch.latest or batch.resolved:
            values |= {"latest": job.latest | batch.latest, "resolved": job.resolved | batch.resolved}
        raised = alarms.new(job, batch.alarms)
        if raised:
            values["alarms"] = [*job.alarms, *raised]
        _write(session, claim, version=Job.version + 1, **values)
        if batch.points:
            session.execute(insert(Point), [point.row(claim.job_id) for point in batch.points])
            rollups.add(session, claim.job_id, batch.points)
        alarms.note(session, claim.job_id, [*(("alarm", alarm) for alarm in raised), *batch.notes])
        kept = stored_files.keep(session, claim.job_id, batch)
        return kept + (_keep_checkpoint(session, claim, batch) if batch.checkpoint else [])


def _keep_checkpoint(session: Session, claim: Claim, batch: Batch) -> list[str]:
    stored, now = batch.checkpoint, repository.now(session)
    session.add(
        Artifact(
            job_id=claim.job_id, key=stored.key, kind="checkpoint", step=batch.checkpoint_step,
            size_bytes=stored.size_bytes, sha256=stored.sha256, created_at=now, best=batch.checkpoint_is_best,
        ),
    )  # fmt: skip
    session.add(Event(job_id=claim.job_id, at=now, type="checkpoint", data={"step": batch.checkpoint_step}))
    session.flush()
    rows = repository.checkpoints_of(session, claim.job_id)
    for row in rows:
        row.best = row.best and (not batch.checkpoint_is_best or row.step == batch.checkpoint_step)
    surplus = [row for row in rows[KEPT_CHECKPOINTS:] if not row.best]
    for old in surplus:
        session.delete(old)
    return [old.key for old in surplus]


def note(database: Database, job_id: str, kind: str, data: dict[str, Any]) -> None:
    """Write an event that changes nothing about the job, so that no attempt need own it."""
    with database.write() as session:
        alarms.note(session, job_id, [(kind, data)])


def succeed(database: Database, claim: Claim, result: dict[str, Any]) -> list[str]:
    """Record the verdict; for a range test, read its bounds from the curves.

    Returns:
        Ids of jobs that waited for this one and may now run.
    """
    with database.write() as session:
        job = repository.get_job(session, claim.job_id)
        verdict = measure(session, job) if job.kind == "lr_find" else result
        # The reason goes: a cancel that came too late is not why the job ended.
        return finish(session, claim, Status.SUCCEEDED, Outcome.SUCCEEDED, result=verdict, reason=None)


def fail(database: Database, claim: Claim, reason: Reason, message: str) -> list[str]:
    """Record that the job failed for a reason that another attempt would not cure."""
    with database.write() as session:
        error = {"code": reason, "message": message}
        return finish(session, claim, Status.FAILED, Outcome.FAILED, reason=reason, error=error)


def start_again(database: Database, claim: Claim, message: str) -> list[str] | None:
    """Queue a training that diverged once more, from the beginning and with lower rates, where its spec asks for that.

    Returns:
        Keys of its checkpoints, which nothing refers to any more; None where it is to fail.
    """
    with database.write() as session:
        keys = [row.key for row in repository.checkpoints_of(session, claim.job_id)]
        changes = divergence.next_try(session, claim, message)
        if changes is None:
            return None
        job = repository.get_job(session, claim.job_id)
        changes["deadline_at"] = deadlines.of_waiting(job.spec, repository.now(session))
        changes |= {"worker": None, "lease_expires_at": None, "ran_s": _ran_s(claim)}
        _write(session, claim, version=Job.version + 1, **changes)
        _end_attempt(session, claim, Outcome.DIVERGED)
        return keys


def ran_too_long(database: Database, claim: Claim) -> list[str]:
    """Record that a job has run for longer than its ``max_runtime_s``; its curve stays."""
    with database.write() as session:
        return end_overdue(session, claim, Outcome.DEADLINE_EXCEEDED)


def end_overdue(session: Session, claim: Claim, outcome: Outcome, **values: Any) -> list[str]:
    """Like `ran_too_long`, in a transaction that the caller holds."""
    reason, error = Reason.DEADLINE_EXCEEDED, deadlines.too_long(repository.get_job(session, claim.job_id))
    return finish(session, claim, Status.FAILED, outcome, reason=reason, error=error, **values)


def cancelled(database: Database, claim: Claim) -> list[str]:
    """Record that the ranks of a cancelled job are gone."""
    with database.write() as session:
        return finish(session, claim, Status.CANCELLED, Outcome.CANCELLED)


def finish(session: Session, claim: Claim, status: Status, outcome: Outcome, **values: Any) -> list[str]:
    """End a job and its attempt in this transaction.

    Returns:
        Ids of jobs that waited for this one and may now run.
    """
    assert set(sources_of(status)) <= {Status.QUEUED, Status.RUNNING, Status.CANCELLING}  # noqa: S101
    _write(
        session, claim, status=status, finished_at=db_now(), lease_expires_at=None, deadline_at=None,
        ran_s=_ran_s(claim), version=Job.version + 1, **values,
    )  # fmt: skip
    _end_attempt(session, claim, outcome)
    session.add(Event(job_id=claim.job_id, at=repository.now(session), type=str(status), data={}))
    session.flush()
    session.expire_all()
    released = release_waiting(session, claim.job_id)
    parents.settle_parent(session, repository.get_job(session, claim.job_id))
    return released


def end_waiting(session: Session, job: Job, reason: Reason, error: dict[str, str]) -> list[str]:
    """Fail a queued job, whose row the caller holds, in the caller's transaction.

    Returns:
        Ids of jobs that waited for this one and may now run.
    """
    now = repository.now(session)
    job.status, job.reason, job.error, job.finished_at = Status.FAILED, reason, dict(error), now
    job.deadline_at, job.version = None, job.version + 1
    session.add(Event(job_id=job.id, at=now, type=str(Status.FAILED), data={}))
    session.flush()
    released = release_waiting(session, job.id)
    parents.settle_parent(session, job)
    return released


def _end_attempt(session: Session, claim: Claim, outcome: Outcome) -> None:
    job = repository.get_job(session, claim.job_id)
    session.execute(
        update(Attempt)
        .where(Attempt.job_id == claim.job_id, Attempt.number == claim.attempt)
        .values(finished_at=db_now(), outcome=outcome, last_step=job.step),
    )


def _ran_s(claim: Claim) -> ColumnElement[float]:
    """What the job has run, with this attempt.

    A part of the one UPDATE of an ending: after a second one in its transaction, PostgreSQL would check the reference
    to the parent and lock its row, before its children.
    """
    began = select(Attempt.started_at).where(Attempt.job_id == claim.job_id, Attempt.number == claim.attempt)
    return Job.ran_s + (db_now() - began.scalar_subquery())


def release_waiting(session: Session, source_id: str) -> list[str]:
    """Let the jobs that waited for a finished range test run with its bounds, or fail without."""
    source = repository.get_job(session, source_id)
    released = []
    for job in session.scalars(select(Job).where(Job.waits_for == source_id, Job.status == Status.QUEUED)):
        spec = job_spec.validate_python(job.spec)
        assert isinstance(spec, TrainSpec)  # noqa: S101 - only trainings wait
        job.waits_for, job.version = None, job.version + 1
        try:
            job.resolved = job.resolved | resolve(spec, bounds=bounds_of(source))
            job.deadline_at = deadlines.of_waiting(job.spec, repository.now(session))
            released.append(job.id)
        except (NoBoundsError, BoundsNotReadyError, UnusableBoundsError) as error:
            job.status, job.reason, job.finished_at = (
                Status.FAILED,
                Reason.PARENT_FAILED,
                repository.now(session),
            )
            job.error = {"code": Reason.PARENT_FAILED, "message": str(error)}
            session.add(Event(job_id=job.id, at=job.finished_at, type="failed", data={}))
    assert source.status in TERMINAL  # noqa: S101 - callers end it first
    return released


def give_back(
    database: Database, claim: Claim, outcome: Outcome, *, max_attempts: int, backoff: Backoff = NO_BACKOFF
) -> list[str]:
    """End a lost or handed-back attempt: the job queues up again, or ends where it was lost too often.

    Returns:
        Ids of jobs to ring for.
    """
    with database.write() as session:
        return retry(session, claim, outcome, max_attempts=max_attempts, backoff=backoff)


def retry(
    session: Session, claim: Claim, outcome: Outcome, *, max_attempts: int, backoff: Backoff = NO_BACKOFF
) -> list[str]:
    """Like `give_back`, in a transaction that the caller holds."""
    job, now = repository.get_job(session, claim.job_id), repository.now(session)
    max_attempts = job.spec.get("max_attempts") or max_attempts
    failures = job.failures + (outcome is Outcome.WORKER_LOST)
    if job.status == Status.CANCELLING:
        return finish(session, claim, Status.CANCELLED, outcome)
    if job.deadline_at is not None and job.deadline_at < now:
        return end_overdue(session, claim, outcome, failures=failures)
    if failures >= max_attempts:
        message = f"{failures} attempts were lost with their worker or ranks; max_attempts is {max_attempts}"
        return finish(
            session, claim, Status.FAILED, outcome, reason=Reason.ATTEMPTS_EXHAUSTED, failures=failures,
            error={"code": Reason.ATTEMPTS_EXHAUSTED, "message": message},
        )  # fmt: skip
    pause_s = backoff.after(failures) if outcome is Outcome.WORKER_LOST else 0.0
    _write(
        session, claim, status=Status.QUEUED, worker=None, lease_expires_at=None, failures=failures,
        not_before=now + pause_s if pause_s else None, deadline_at=deadlines.of_waiting(job.spec, now + pause_s),
        ran_s=_ran_s(claim), version=Job.version + 1,
    )  # fmt: skip
    _end_attempt(session, claim, outcome)
    session.add(Event(job_id=claim.job_id, at=now, type="requeued", data={"outcome": outcome, "pause_s": pause_s}))
    return [claim.job_id]
