"""Writes of a worker while it holds a job: claim, renew, record. Each write is fenced by the attempt."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from jobs.curves import rollups
from jobs.database import queries
from jobs.database.records import Batch, Claim, LeaseSignals
from jobs.database.session import Database, db_now
from jobs.database.tables.jobs import Artifact, Attempt, Event, Job, Point
from jobs.errors import StaleAttemptError
from jobs.files import downloads, job_log
from jobs.lifecycle import alarms, fenced_write, finish, parents
from jobs.scheduling import deadlines, fair_share, node_reservations
from jobs.spec.base import ACCEPTED
from jobs.spec.resolved import Checkpoint
from jobs.spec.runnable import AnyRunnableJob, runnable_job
from jobs.status import Reason, Status

KEPT_CHECKPOINTS = 2


def claim_next(  # noqa: PLR0913 - options, by name only
    database: Database, *, worker: str, slots: int, free: int, lease_s: float, max_running: int | None = None,
    takes_seats: bool = False,
) -> Claim | None:  # fmt: skip
    """Take the job whose turn it is by compare-and-set.

    Args:
        database: Where jobs wait.
        worker: Who takes it.
        slots: Devices of this worker; a job that needs more is not for it.
        free: Devices that nobody uses; if the job at the head needs more, nothing is taken.
        lease_s: How long the claim holds until it is renewed.
        max_running: How many jobs of one submitter may run at once; None for any number.
        takes_seats: Whether jobs of several nodes are for this worker too; one whose turn it is is left to `gathering`.

    Returns:
        The claim, or None where nothing can start or another worker was faster.
    """
    with database.write() as session:
        job = fair_share.next_claimable(session, slots, max_running, worker if takes_seats else None)
        if job is None or job.nodes > 1 or job.slots > free:
            return None
        return claim(session, job, worker=worker, lease_s=lease_s)


def claim(
    session: Session, job: Job, *, worker: str, lease_s: float, workers: Sequence[str] | None = None
) -> Claim | None:
    """Take a queued job in the caller's transaction; ``workers`` are those of all its nodes where it has several.

    Returns:
        The claim, or None if another worker was faster, or if the job cannot be read and has failed.
    """
    try:
        _read(job)
    except ValidationError as error:
        _fail_unreadable(session, job, error)
        return None
    taken = session.execute(
        update(Job)
        .where(Job.id == job.id, Job.status == Status.QUEUED, Job.attempt == job.attempt)
        .values(
            status=Status.RUNNING, reason=None, attempt=Job.attempt + 1, worker=worker,
            lease_expires_at=db_now() + lease_s, version=Job.version + 1, not_before=None, recorded=0,
        )
        .returning(Job.attempt),
    ).scalar()  # fmt: skip
    if taken is None:
        return None
    return _begin_attempt(session, job.id, taken, worker, {} if workers is None else {"workers": list(workers)})


def _fail_unreadable(session: Session, job: Job, error: ValidationError) -> None:
    """Fail a queued job that no attempt could run. Jobs that this releases are found by the next poll."""
    locked = queries.lock_job(session, job.id)
    if locked.status == Status.QUEUED and locked.attempt == job.attempt:
        why = {"code": Reason.INTERNAL_ERROR, "message": f"the stored spec cannot be read: {error}"}
        finish.end_waiting(session, locked, Reason.INTERNAL_ERROR, why)


def _begin_attempt(session: Session, job_id: str, attempt: int, worker: str, noted: dict[str, Any]) -> Claim:
    session.expire_all()
    job = queries.get_job(session, job_id)
    now = queries.now(session)
    checkpoint = rewind(session, job)
    job.started_at = job.started_at or now
    job.deadline_at = deadlines.of_running(job, now)
    resumed_from = None if checkpoint is None else job.step
    session.add(
        Attempt(
            job_id=job_id, number=attempt, worker=worker, slots=job.slots, started_at=now,
            resumed_from_step=resumed_from,
        ),
    )  # fmt: skip
    session.add(Event(job_id=job_id, at=now, type="started", data={"attempt": attempt, "from_step": job.step} | noted))
    fair_share.note_served(session, job, now)
    parents.begin_parent(session, job)
    return claim_of(session, job)


def rewind(session: Session, job: Job) -> Artifact | None:
    """Take a job back to its newest sound checkpoint, in the caller's transaction.

    Returns:
        The checkpoint; None where it begins at its start.
    """
    checkpoint = queries.latest_checkpoint(session, job.id)
    job.step = 0 if checkpoint is None else checkpoint.step or 0
    # What was reported after the checkpoint is done again, so it goes: no step may stand in a curve twice.
    session.execute(delete(Point).where(Point.job_id == job.id, Point.step >= job.step))
    rollups.rewind(session, job.id, job.step)
    return checkpoint


def claim_of(session: Session, job: Job) -> Claim:
    """The claim of a job's newest attempt; nothing is taken.

    Raises:
        ValidationError: The job cannot be read.
    """
    newest = queries.latest_checkpoint(session, job.id)
    resume = None if newest is None else Checkpoint(key=newest.key, sha256=newest.sha256, step=newest.step or 0)
    return Claim(job.id, job.attempt, job.slots, _read(job), resume)


def _read(job: Job) -> AnyRunnableJob:
    row = {"kind": job.kind, "spec": job.spec, "resolved": job.resolved}
    return runnable_job.validate_python(row, context=ACCEPTED)


def renew(database: Database, claim: Claim, *, lease_s: float) -> LeaseSignals:
    """Extend the lease.

    Returns:
        What the job's row asks of its attempt.

    A lease that ran out and that nobody took back is extended like any other: the job is still this attempt's.

    Raises:
        StaleAttemptError: The job is no longer this attempt's.
    """
    with database.write(wait_s=lease_s, is_urgent=True) as session:
        signals = fenced_write.write(session, claim, lease_expires_at=db_now() + lease_s)
        return signals if claim.node is None else node_reservations.signals_of(session, claim, signals)


def hold(database: Database, claim: Claim, *, slots: int) -> None:
    """Note how many slots an attempt holds from now on, and the event ``slots``.

    Raises:
        StaleAttemptError: The job is no longer this attempt's; nothing is written.
    """
    with database.write() as session:
        fenced_write.write(session, claim, version=Job.version + 1)
        own = (Attempt.job_id == claim.job_id, Attempt.number == claim.attempt, Attempt.slots != slots)
        changed = session.execute(update(Attempt).where(*own).values(slots=slots).returning(Attempt.number)).all()
        if not changed:  # written before, and the answer was lost
            return
        session.add(Event(job_id=claim.job_id, at=queries.now(session), type="slots", data={"slots": slots}))


def record(database: Database, claim: Claim, batch: Batch) -> None:
    """Write what the ranks reported, all of it or nothing. A batch that stands already is not written again.

    So a batch may be offered again where nobody knows whether its transaction was committed. Files that it replaces are
    no longer named by a row: `downloads.unnamed` has them.

    Raises:
        StaleAttemptError: The job is no longer this attempt's; nothing is written.
    """
    with database.write() as session:
        job = queries.get_job(session, claim.job_id)
        values = dict(batch.progress)
        if batch.latest:
            values["latest"] = job.latest | batch.latest
        values |= {} if batch.facts is None else {"resolved": job.resolved | batch.facts.document()}
        raised = alarms.new(job, batch.alarms)
        if raised:
            values["alarms"] = [*job.alarms, *raised]
        if batch.checkpoint:
            values["failures"] = 0  # it got further than the attempts that were lost
        if not _is_taken(session, claim, batch, values):
            return
        if batch.points:
            session.execute(insert(Point), [point.row(claim.job_id) for point in batch.points])
            rollups.add(session, claim.job_id, batch.points)
        if batch.lines:
            job_log.add(session, claim.job_id, claim.attempt, batch.lines)
        alarms.note(session, claim.job_id, [*(("alarm", alarm) for alarm in raised), *batch.notes])
        downloads.keep(session, claim.job_id, batch)
        if batch.checkpoint:
            _keep_checkpoint(session, claim, batch)


def _is_taken(session: Session, claim: Claim, batch: Batch, values: dict[str, Any]) -> bool:
    """Change the job's row as a batch asks; whether the rest of it is to be written.

    The number is compared in the UPDATE itself: that waits for an earlier transaction of the same batch, which may
    still be on its way.
    """
    if batch.number is None:
        fenced_write.write(session, claim, version=Job.version + 1, **values)
        return True
    try:
        fenced_write.write(
            session, claim, Job.recorded < batch.number, version=Job.version + 1, recorded=batch.number, **values
        )
    except StaleAttemptError:
        own = (Job.id == claim.job_id, Job.attempt == claim.attempt, Job.recorded >= batch.number)
        if session.scalar(select(Job.id).where(*own)) is None:
            raise
        return False
    return True


def _keep_checkpoint(session: Session, claim: Claim, batch: Batch) -> None:
    stored, now = batch.checkpoint, queries.now(session)
    session.add(
        Artifact(
            job_id=claim.job_id, key=stored.key, kind="checkpoint", step=batch.checkpoint_step,
            size_bytes=stored.size_bytes, sha256=stored.sha256, created_at=now, best=batch.checkpoint_is_best,
        ),
    )  # fmt: skip
    session.add(Event(job_id=claim.job_id, at=now, type="checkpoint", data={"step": batch.checkpoint_step}))
    session.flush()
    rows = queries.checkpoints_of(session, claim.job_id)
    for row in rows:
        row.best = row.best and (not batch.checkpoint_is_best or row.step == batch.checkpoint_step)
    sound = [row for row in rows if row.damaged_at is None]
    for old in rows:
        if old not in sound[:KEPT_CHECKPOINTS] and not (old.best and old in sound):
            session.delete(old)


def note(database: Database, job_id: str, kind: str, data: dict[str, Any]) -> None:
    """Write an event that changes nothing about the job, so that no attempt need own it."""
    with database.write() as session:
        alarms.note(session, job_id, [(kind, data)])
