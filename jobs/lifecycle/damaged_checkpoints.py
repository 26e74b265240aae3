"""Damaged checkpoints: they are recorded, and the next older one, or the start, is used instead."""

from dataclasses import replace

from sqlalchemy import update
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import Claim
from jobs.database.session import Database, db_now
from jobs.database.tables.jobs import Artifact, Attempt, Event, Job
from jobs.lifecycle import claims, fenced_write, finish
from jobs.scheduling.deadlines import Backoff
from jobs.spec.resolved import Checkpoint
from jobs.status import Outcome

EVENT = "checkpoint_damaged"


def pass_over(database: Database, claim: Claim, why: str) -> Claim:
    """Move an attempt that has not begun to a checkpoint older than the one it was claimed with.

    Points after the older checkpoint are deleted, as in a claim.

    Returns:
        The claim with that checkpoint, or without a checkpoint if no sound one is left.

    Raises:
        StaleAttemptError: The job is no longer this attempt's; nothing is written.
    """
    with database.write() as session:
        fenced_write.write(session, claim, version=Job.version + 1)
        job = queries.lock_job(session, claim.job_id)
        _mark(session, claim.job_id, claim.resume, why)
        checkpoint = claims.rewind(session, job)
        own = (Attempt.job_id == claim.job_id, Attempt.number == claim.attempt)
        resumed_from = None if checkpoint is None else checkpoint.step
        session.execute(update(Attempt).where(*own).values(resumed_from_step=resumed_from))
        session.flush()
        return replace(claims.claim_of(session, job), node=claim.node)


def give_back(database: Database, claim: Claim, why: str, *, max_attempts: int, backoff: Backoff) -> list[str]:
    """End an attempt whose ranks could not load its checkpoint. The next attempt resumes from an older one.

    It does not count against ``max_attempts``. There are no more such attempts than checkpoints.

    Returns:
        Ids of jobs that may run now.
    """
    with database.write() as session:
        queries.lock_job(session, claim.job_id)
        _mark(session, claim.job_id, claim.resume, why)
        return finish.retry(session, claim, Outcome.CHECKPOINT_DAMAGED, max_attempts=max_attempts, backoff=backoff)


def note(database: Database, checkpoint: Checkpoint, why: str) -> None:
    """Record that a checkpoint of an ended job is damaged, so that new jobs start from another."""
    with database.write() as session:
        _mark(session, checkpoint.job_id, checkpoint, why)


def _mark(session: Session, job_id: str, checkpoint: Checkpoint | None, why: str) -> None:
    if checkpoint is None:
        return
    marked = session.execute(
        update(Artifact)
        .where(Artifact.job_id == job_id, Artifact.key == checkpoint.key, Artifact.damaged_at.is_(None))
        .values(damaged_at=db_now())
        .returning(Artifact.step),
    ).all()
    session.expire_all()
    for (step,) in marked:  # no row if this was written before and the answer was lost
        older = queries.latest_checkpoint(session, job_id)
        data = {"step": step, "why": why, "from_step": 0 if older is None else older.step or 0}
        session.add(Event(job_id=job_id, at=queries.now(session), type=EVENT, data=data))
