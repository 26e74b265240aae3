"""Resumes and deletes jobs that have ended. One call is one transaction.

Locks are taken child first, parent last, as in `jobs.lifecycle.parents`.
"""

from pathlib import Path
from shutil import rmtree

from sqlalchemy import String, cast, delete, or_, select, update
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.row_filter import assert_room, every_owner
from jobs.database.session import Database
from jobs.database.tables.jobs import Artifact, Event, Job
from jobs.errors import JobInUseError, JobNotTerminalError, NotResumableError
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import parents
from jobs.results.lr_bounds import bounds_of
from jobs.scheduling import deadlines
from jobs.spec.job import LrFindSpec, TrainSpec, job_spec
from jobs.spec.resolved import ResolvedRangeTest, ResolvedTraining, resolve
from jobs.status import RESUMABLE, TERMINAL, Status


def resume(database: Database, job_id: str) -> list[str]:
    """Queue a failed or cancelled job again. Its next attempt resumes from its last checkpoint.

    Deadlines and lost attempts are counted anew. If the range test of a training did not succeed, it is resumed too, as
    are all children of a parent that did not succeed.

    Returns:
        Ids of jobs that may run now.

    Raises:
        JobNotFoundError: There is no such job.
        NotResumableError: It succeeded, has not ended, or something it needs has been deleted.
        NoBoundsError: It is a training whose range test, another job, gave no bounds.
        TooManyJobsError: The owner has too many unfinished jobs.
    """
    with database.write() as session:
        job = queries.get_job(session, job_id)
        assert_room(session)
        if job.kind in parents.KINDS:
            return _resume_parent(session, job.id)
        runnable = _resume_training(session, job) if job.kind == "train" else [_resume_range_test(session, job.id)]
        if job.parent_id is not None:
            _revive(session, job, queries.lock_job(session, job.parent_id))
        return runnable


def _resume_parent(session: Session, job_id: str) -> list[str]:
    """Resume the children that did not succeed, in order of submission: range tests before jobs that wait for them."""
    children = [queries.lock_job(session, child) for child in queries.children_of(session, job_id)]
    lost = [child for child in children if child.status in RESUMABLE]
    parent = _refuse_unless_ended(queries.lock_job(session, job_id))
    runnable: list[str] = []
    for place, child in enumerate(lost):
        if child.kind == "train":
            runnable += _resume_training(session, child)
        else:
            runnable.append(_resume_range_test(session, child.id))
        child.queued_at += place * 1e-6
    _requeue(session, parent)
    return list(dict.fromkeys(runnable))


def _revive(session: Session, child: Job, parent: Job) -> None:
    """Set the parent of a resumed job to running again."""
    if parent.kind not in parents.KINDS or parent.status in (Status.QUEUED, Status.RUNNING):
        return
    if parent.status not in RESUMABLE:
        raise NotResumableError(
            child.id, f"its {parent.kind} {parent.id} is {parent.status}; clone this job instead"
        )  # fmt: skip
    _requeue(session, parent)


def _resume_range_test(session: Session, job_id: str) -> str:
    job = _refuse_unless_ended(queries.lock_job(session, job_id))
    start = ResolvedRangeTest.model_validate(job.resolved).start_from
    if start and session.scalar(select(Artifact.key).where(Artifact.key == start.key)) is None:
        raise NotResumableError(job.id, "the checkpoint that it started from has been deleted")
    _requeue(session, job)
    return job.id


def _resume_training(session: Session, job: Job) -> list[str]:
    spec = job_spec.validate_python(job.spec)
    assert isinstance(spec, TrainSpec)  # noqa: S101 - of this kind
    runnable = [job.id]
    waits_for, resolved = None, None
    if ResolvedTraining.read(job.resolved) is None:  # it ended before its range test did, or because of it
        source = queries.lock_job(session, _source_of(session, job, spec))
        if source.parent_id == job.id and source.status in RESUMABLE:
            _requeue(session, source)
        if source.status in TERMINAL:
            resolved = resolve(spec, bounds_of(source))
        else:
            waits_for, runnable = source.id, [source.id]
    job = _refuse_unless_ended(queries.lock_job(session, job.id))
    users = [user for user in _users(session, [job.id]) if user.waits_for != job.id]
    if users:
        raise NotResumableError(job.id, f"{users[0].id} starts from its checkpoint and has not ended")
    _requeue(session, job)
    if resolved is not None:
        job.resolved = resolved.document()
    if waits_for is not None:
        job.waits_for, job.deadline_at = waits_for, None
    return runnable


def _source_of(session: Session, job: Job, spec: TrainSpec) -> str:
    source = spec.source_job or job.waits_for or next(iter(queries.children_of(session, job.id)), None)
    if source is None or session.get(Job, source) is None:
        raise NotResumableError(job.id, "the range test that its rates come from has been deleted")
    return source


def _refuse_unless_ended(job: Job) -> Job:
    if job.status not in RESUMABLE:
        why = "it succeeded" if job.status == Status.SUCCEEDED else f"it is {job.status}, and has not ended"
        raise NotResumableError(job.id, why)
    return job


def _requeue(session: Session, job: Job) -> None:
    """Leave a terminal status. Only this function does so. The event records the old status and the reason."""
    now = queries.now(session)
    checkpoint = queries.latest_checkpoint(session, job.id)
    step = 0 if checkpoint is None else checkpoint.step or 0
    data = {"from_status": job.status, "from_reason": job.reason, "from_step": step}
    session.add(Event(job_id=job.id, at=now, type="resumed", data=data))
    job.status, job.reason, job.error, job.result, job.finished_at = Status.QUEUED, None, None, None, None
    job.queued_at, job.not_before, job.failures, job.ran_s = now, None, 0, 0.0
    job.cancel_mode, job.cancel_asked_at, job.worker, job.waits_for = None, None, None, None
    job.deadline_at = None if job.kind in parents.KINDS else deadlines.of_waiting(job.spec, now)
    job.alarms = [alarm for alarm in job.alarms if alarm.get("step", 0) < step]
    job.latest = job.latest if step else {}
    job.version += 1
    session.flush()


def delete_job(database: Database, store: ArtifactStore, runs_dir: Path, job_id: str) -> list[str]:
    """Remove an ended job and its children: rows first, then files, so that no row lacks its file.

    Returns:
        Ids of the removed jobs.

    Raises:
        JobNotFoundError: There is no such job.
        JobNotTerminalError: The job, or a child of it, has not ended.
        JobInUseError: It is part of another job, or an unfinished job needs it.
    """
    with database.write() as session:
        removed = remove_rows(session, job_id)
    remove_files(store, runs_dir, removed)
    return removed


def remove_rows(session: Session, job_id: str) -> list[str]:
    """Remove the rows of a job and its children in the caller's transaction. Raises the errors of `delete_job`."""
    job = queries.get_job(session, job_id)
    if job.parent_id is not None:
        raise JobInUseError(job.id, f"it is a part of {job.parent_id}: delete that one")
    ids = [*queries.children_of(session, job.id), job.id]
    for each in ids:
        found = queries.lock_job(session, each)
        if found.status not in TERMINAL:
            raise JobNotTerminalError(found.id, found.status)
    users = _users(session, ids)
    if users:
        raise JobInUseError(job.id, f"{users[0].id} needs it, and is {users[0].status}")
    with every_owner(session):
        session.execute(update(Job).where(Job.waits_for.in_(ids)).values(waits_for=None))
    for some in (ids[:-1], ids[-1:]):  # children first: they refer to their parent
        session.execute(delete(Job).where(Job.id.in_(some)))
    return ids


def remove_files(store: ArtifactStore, runs_dir: Path, job_ids: list[str]) -> None:
    """Remove the files of jobs from the store and from the run directories of this host."""
    for job_id in job_ids:
        store.delete_job(job_id)
        rmtree(runs_dir / job_id, ignore_errors=True)


def _users(session: Session, ids: list[str]) -> list[Job]:
    """Return the unfinished jobs that take bounds or weights from one of these jobs."""
    mentioned = or_(Job.waits_for.in_(ids), *(cast(Job.spec, String).contains(each) for each in ids))
    with every_owner(session):  # an admin's job may need it
        others = session.scalars(select(Job).where(Job.status.not_in(TERMINAL), Job.id.not_in(ids), mentioned)).all()
    return [job for job in others if job.waits_for in ids or _source_in(job) in ids]


def _source_in(job: Job) -> str | None:
    spec = job_spec.validate_python(job.spec)
    if isinstance(spec, TrainSpec):
        return spec.source_job
    start = spec.range_test.start_from if isinstance(spec, LrFindSpec) else None
    return None if start is None else start.from_job
