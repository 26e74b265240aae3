"""What users do with jobs: submit and cancel. One call is one transaction; bells are rung after it."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs import deadlines, endings, grid, parents, repository
from jobs.bounds import bounds_of, resolve
from jobs.conditions import Conditions
from jobs.datasets.resolve import resolve_dataset
from jobs.db import Database, db_now
from jobs.errors import ConditionsDifferError, IdempotencyKeyReusedError
from jobs.ids import new_job_id
from jobs.models import Event, IdempotencyKey, Job, JobLabel
from jobs.owners import assert_room, every_owner
from jobs.spec import AnySpec, LrFindSpec, RangeTest, SweepSpec, TrainSpec
from jobs.starting import resolve_start
from jobs.status import TERMINAL, Reason, Status

CHECKPOINT, KILL = "checkpoint", "kill"  # how a running job is cancelled


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted job, and those to ring a worker for (its range test, where it has to run first; a sweep's jobs)."""

    job_id: str
    ring_id: str
    is_new: bool
    more_rings: tuple[str, ...] = ()


def submit(database: Database, spec: AnySpec, *, key: str | None = None, body: bytes = b"") -> Submitted:
    """Write a job, its first event and its idempotency key.

    Args:
        database: Where to.
        spec: What was asked.
        key: Idempotency-Key of the client, if it sent one.
        body: The request's body, to tell a repeated request from another one under the same key.

    Raises:
        IdempotencyKeyReusedError: The key was used for another body.
        JobNotFoundError: ``max_lr`` names a job that is not there.
        NoBoundsError: That job is no range test, or ended without bounds.
        ConditionsDifferError: The conditions are not those of the bounds.
        UnusableDatasetError: The conditions name an uploaded dataset that is not there, or does not go with them.
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


def rehearse(session: Session, spec: AnySpec) -> Submitted:
    """Write what `submit` would, in a transaction that the caller takes back."""
    return _insert(session, spec, None, "")


def _repeated(session: Session, key: str | None, digest: str) -> Submitted | None:
    used = None if key is None else repository.find_key(session, key)
    if used is None:
        return None
    if used.body_sha256 != digest:
        raise IdempotencyKeyReusedError(used.key, used.job_id)
    return Submitted(used.job_id, used.job_id, is_new=False)


def _insert(session: Session, spec: AnySpec, key: str | None, digest: str) -> Submitted:
    assert_room(session)
    more: tuple[str, ...] = ()
    if isinstance(spec, LrFindSpec):
        job = ring = _add(session, spec, spec.conditions)
    elif isinstance(spec, SweepSpec):
        job, (ring, *others) = _add_sweep(session, spec)
        more = tuple(other.id for other in others)
    else:
        job, ring = _add_training(session, spec)
    if key is not None:
        session.flush()
        session.add(IdempotencyKey(key=key, body_sha256=digest, job_id=job.id, created_at=repository.now(session)))
    return Submitted(job.id, ring.id, is_new=True, more_rings=more)


def _add(session: Session, spec: AnySpec, conditions: Conditions) -> Job:
    conditions = resolve_dataset(session, conditions)
    now = repository.now(session)
    start = resolve_start(session, spec, conditions) if isinstance(spec, LrFindSpec) else {}
    document = spec.model_dump(mode="json") | {"conditions": conditions.model_dump(mode="json")}
    job = Job(
        id=new_job_id(), kind=spec.kind, status=Status.QUEUED, name=spec.name, labels=spec.labels, spec=document,
        resolved={"rank_batch_size": conditions.rank_batch_size, **start}, fingerprint=conditions.fingerprint(),
        slots=conditions.world_size, created_at=now, queued_at=now, priority=spec.priority,
        deadline_at=deadlines.of_waiting(document, now),
    )  # fmt: skip
    session.add(job)
    session.flush()
    session.add_all(JobLabel(job_id=job.id, name=name, value=value) for name, value in spec.labels.items())
    session.add(Event(job_id=job.id, at=now, type="submitted", data={}))
    return job


def _add_training(session: Session, spec: TrainSpec) -> tuple[Job, Job]:
    if spec.source_job is not None:
        return _add_from_job(session, spec, repository.lock_job(session, spec.source_job))
    assert spec.conditions is not None  # noqa: S101 - the spec's own rule
    job = _add(session, spec, spec.conditions)
    if spec.schedule.peak != "auto":
        job.resolved = job.resolved | resolve(spec, bounds=None)
        return job, job
    child_spec = LrFindSpec(
        kind="lr_find", conditions=spec.conditions, range_test=spec.range_test or RangeTest(), seed=spec.seed,
        name=f"range test of {spec.name or job.id}"[:200], labels=spec.labels, **spec.limits,
    )  # fmt: skip
    child = _add(session, child_spec, spec.conditions)
    child.parent_id, job.waits_for, job.deadline_at = job.id, child.id, None
    return job, child


def _add_sweep(session: Session, spec: SweepSpec) -> tuple[Job, list[Job]]:
    parent = _add(session, spec, spec.conditions)
    parent.slots, parent.deadline_at = 0, None  # it runs nowhere; its children do
    children: list[Job] = []
    cells = []
    for settings in grid.settings_of(spec.over):
        conditions = grid.conditions_of(spec.conditions, settings)
        words = ", ".join(f"{path} = {value}" for path, value in settings.items())
        child_spec = LrFindSpec(
            kind="lr_find", conditions=conditions, range_test=spec.range_test, seed=spec.seed,
            name=f"{spec.name or 'sweep'}: {words}"[:200], labels=spec.labels, **spec.limits,
        )  # fmt: skip
        child = _add(session, child_spec, conditions)
        child.parent_id = parent.id
        child.queued_at = parent.queued_at + len(children) * 1e-6  # run in the order of the grid
        children.append(child)
        cells.append({"job_id": child.id, "settings": settings})
    parent.resolved = {"cells": cells}
    return parent, children


def _add_from_job(session: Session, spec: TrainSpec, source: Job) -> tuple[Job, Job]:
    bounds = bounds_of(source) if source.kind != "lr_find" or source.status in TERMINAL else None
    found_under = Conditions.model_validate(source.spec["conditions"])
    conditions = resolve_dataset(session, spec.conditions or found_under)
    differing = conditions.differences(found_under)
    if differing and not spec.allow_different_conditions:
        raise ConditionsDifferError(source.id, differing)
    if spec.conditions is None:  # what hangs on conditions could not be judged without
        document = spec.model_dump(mode="json") | {"conditions": conditions.model_dump(mode="json")}
        spec = TrainSpec.model_validate(document)
    job = _add(session, spec, conditions)
    if bounds is None:
        job.waits_for, job.deadline_at = source.id, None
    else:
        job.resolved = job.resolved | resolve(spec, bounds=bounds)
    return job, job


def cancel(database: Database, job_id: str, *, mode: str = CHECKPOINT) -> None:
    """Ask for a job to stop: a queued one is cancelled at once, a running one when its ranks are gone.

    A terminal job stays as it is. A running training saves a checkpoint first, unless ``mode`` is ``kill``, which may
    also be asked for when it is being cancelled already. The job's own range test, and all jobs of a sweep, are
    cancelled with it.

    Raises:
        JobNotFoundError: There is no such job.
    """
    with database.write() as session:
        job = repository.get_job(session, job_id)
        if job.kind == parents.KIND:
            for child in repository.children_of(session, job.id):  # children first: see jobs.parents on locks
                _cancel(session, child, mode, settle=False)
            parents.cancel_parent(session, job.id)
            return
        _cancel(session, job.id, mode)
        for child in repository.children_of(session, job.id):
            _cancel(session, child, mode)


def _cancel(session: Session, job_id: str, mode: str, *, settle: bool = True) -> None:
    job = repository.lock_job(session, job_id)  # so that it is not claimed or queued again between the two updates
    changes: dict[Status, dict[str, Any]] = {
        Status.QUEUED: {"status": Status.CANCELLED, "reason": Reason.USER_CANCELLED, "finished_at": db_now()},
        Status.RUNNING: {
            "status": Status.CANCELLING, "reason": Reason.USER_CANCELLED, "cancel_mode": mode,
            "cancel_asked_at": db_now(),
        },
    }  # fmt: skip
    if job.status == Status.CANCELLING and mode == KILL and job.cancel_mode != KILL:
        job.cancel_mode, job.version = KILL, job.version + 1
        session.add(Event(job_id=job_id, at=repository.now(session), type="killing", data={}))
        return
    for source, change in changes.items():
        moved = session.execute(
            update(Job)
            .where(Job.id == job_id, Job.status == source)
            .values(version=Job.version + 1, **change)
            .returning(Job.id),
        ).all()
        if moved:
            now = repository.now(session)
            session.add(Event(job_id=job_id, at=now, type=str(change["status"]), data={}))
            session.flush()
            session.expire_all()
            if source is Status.QUEUED:
                with every_owner(session):  # an admin's training may wait for this job
                    endings.release_waiting(session, job_id)
                if settle:
                    parents.settle_parent(session, repository.get_job(session, job_id))
            break
