"""Submits and cancels jobs for users. One call is one transaction; workers are notified after it."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.dry_run_session import DryRunSession
from jobs.database.row_filter import assert_room, every_owner
from jobs.database.session import Database, db_now
from jobs.database.tables.jobs import Event, IdempotencyKey, Job
from jobs.errors import IdempotencyKeyReusedError
from jobs.lifecycle import finish, parents
from jobs.spec.job import AnySpec, CompareSpec, LrFindSpec, SweepSpec
from jobs.status import Reason, Status
from jobs.submission.new_job import add_job
from jobs.submission.submit_comparison import add_comparison
from jobs.submission.submit_sweep import add_sweep
from jobs.submission.submit_training import add_training

CHECKPOINT, KILL = "checkpoint", "kill"  # how to cancel a running job


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted job, and the jobs that may run now (its range test if that runs first, or a parent's jobs)."""

    job_id: str
    runnable_id: str
    is_new: bool
    more_runnable_ids: tuple[str, ...] = ()


def submit(database: Database, spec: AnySpec, *, key: str | None = None, body: bytes = b"") -> Submitted:
    """Write a job, its first event and its idempotency key.

    Args:
        database: The database to write to.
        spec: The spec of the job.
        key: Idempotency-Key of the client, if it sent one.
        body: The request's body, to tell a repeated request from a different one with the same key.

    Raises:
        IdempotencyKeyReusedError: The key was used for another body.
        JobNotFoundError: ``max_lr`` names a job that does not exist.
        NoBoundsError: That job is no range test, or ended without bounds.
        ConditionsDifferError: The conditions differ from those of the bounds.
        UnusableDatasetError: The conditions name an uploaded dataset that does not exist or does not go with them.
        TooManyJobsError: The owner has too many unfinished jobs.
    """
    digest = hashlib.sha256(body).hexdigest()
    try:
        with database.write() as session:
            return _repeated(session, key, digest) or _insert(session, spec, key, digest)
    except IntegrityError:  # another request with the same key was faster
        with database.read() as session:
            if (earlier := _repeated(session, key, digest)) is not None:
                return earlier
        raise


def dry_run(session: DryRunSession, spec: AnySpec) -> Submitted:
    """Make the rows that `submit` would write, and write none."""
    return _insert(session, spec, None, "")


def _repeated(session: Session, key: str | None, digest: str) -> Submitted | None:
    used = None if key is None else queries.find_key(session, key)
    if used is None:
        return None
    if used.body_sha256 != digest:
        raise IdempotencyKeyReusedError(used.key, used.job_id)
    return Submitted(used.job_id, used.job_id, is_new=False)


def _insert(session: Session, spec: AnySpec, key: str | None, digest: str) -> Submitted:
    assert_room(session)
    job, (runnable, *others) = _add(session, spec)
    if key is not None:
        session.flush()
        session.add(IdempotencyKey(key=key, body_sha256=digest, job_id=job.id, created_at=queries.now(session)))
    return Submitted(job.id, runnable.id, is_new=True, more_runnable_ids=tuple(other.id for other in others))


def cancel(database: Database, job_id: str, *, mode: str = CHECKPOINT) -> None:
    """Cancel a job: a queued job at once, a running one when its ranks have ended.

    A terminal job stays as it is. A running training saves a checkpoint first, unless ``mode`` is ``kill``, which is
    also legal for a job that is being cancelled already. The job's own range test, and all jobs of a parent (see
    `jobs.lifecycle.parents`), are cancelled with it.

    Raises:
        JobNotFoundError: There is no such job.
    """
    with database.write() as session:
        job = queries.get_job(session, job_id)
        children = queries.children_of(session, job.id)
        for child in children:  # children first: see jobs.lifecycle.parents on locks
            queries.lock_job(session, child)
        if job.kind in parents.KINDS:
            for child in reversed(children):  # trainings before the range tests that they wait for
                _cancel(session, child, mode, parent_id=job.id)
            parents.cancel_parent(session, job.id)
            return
        _cancel(session, job.id, mode)
        for child in children:
            _cancel(session, child, mode)


def _cancel(session: Session, job_id: str, mode: str, *, parent_id: str | None = None) -> None:
    job = queries.lock_job(session, job_id)  # locked, so that it is not claimed or queued again between the two updates
    changes: dict[Status, dict[str, Any]] = {
        Status.QUEUED: {"status": Status.CANCELLED, "reason": Reason.USER_CANCELLED, "finished_at": db_now()},
        Status.RUNNING: {
            "status": Status.CANCELLING, "reason": Reason.USER_CANCELLED, "cancel_mode": mode,
            "cancel_asked_at": db_now(),
        },
    }  # fmt: skip
    if job.status == Status.CANCELLING and mode == KILL and job.cancel_mode != KILL:
        job.cancel_mode, job.version = KILL, job.version + 1
        session.add(Event(job_id=job_id, at=queries.now(session), type="killing", data={}))
        return
    for source, change in changes.items():
        moved = session.execute(
            update(Job)
            .where(Job.id == job_id, Job.status == source)
            .values(version=Job.version + 1, **change)
            .returning(Job.id),
        ).all()
        if moved:
            now = queries.now(session)
            session.add(Event(job_id=job_id, at=now, type=str(change["status"]), data={}))
            session.flush()
            session.expire_all()
            if source is Status.QUEUED:
                with every_owner(session):  # an admin's training may wait for this job
                    finish.release_waiting(session, job_id, leave=parent_id)
            break


def _add(session: Session, spec: AnySpec) -> tuple[Job, list[Job]]:
    """Write the rows of a spec.

    Returns:
        The job, and the jobs that may run now (at least one), in the order in which they should run.
    """
    if isinstance(spec, LrFindSpec):
        job = add_job(session, spec, spec.conditions)
        return job, [job]
    if isinstance(spec, SweepSpec):
        return add_sweep(session, spec)
    if isinstance(spec, CompareSpec):
        return add_comparison(session, spec)
    job, runnable = add_training(session, spec)
    return job, [runnable]
