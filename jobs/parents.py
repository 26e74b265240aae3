"""Jobs that consist of other jobs: they begin with their first child and end in the transaction of their last.

A parent takes no slot and no worker claims it. Locks are always taken child first, parent last; whoever holds the
parent's sees every child that has ended, so of two children that end at once the later one ends the parent.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from jobs import repository
from jobs.models import Event, Job
from jobs.spec import RangeTest
from jobs.status import TERMINAL, Reason, Status

KIND = "sweep"


@dataclass(frozen=True, slots=True)
class Sum:
    """What the children of a parent come to: steps done, steps in all, and how often any of them changed."""

    step: int
    total_steps: int
    version: int


def sum_of_children(session: Session, parent: Job) -> Sum:
    """Progress of a sweep. A child that has ended counts with the steps that it took: it takes no more."""
    expected = RangeTest.model_validate(parent.spec["range_test"]).total_steps
    rows = session.execute(
        select(Job.status, Job.step, Job.total_steps, Job.version).where(Job.parent_id == parent.id)
    ).all()
    return Sum(
        step=sum(row.step for row in rows),
        total_steps=sum(row.step if row.status in TERMINAL else row.total_steps or expected for row in rows),
        version=sum(row.version for row in rows),
    )


def versions_of(session: Session, job_ids: Sequence[str]) -> dict[str, int]:
    """The versions of those jobs that there are; that of a parent grows with each of its children's."""
    rows = session.execute(select(Job.id, Job.version).where(Job.id.in_(job_ids))).all()
    parent = select(Job.id).where(Job.id.in_(job_ids), Job.kind == KIND)
    below = session.execute(
        select(Job.parent_id, func.sum(Job.version)).where(Job.parent_id.in_(parent)).group_by(Job.parent_id)
    ).all()
    children = {parent_id: int(version) for parent_id, version in below}
    return {row.id: row.version + children.get(row.id, 0) for row in rows}


def begin_parent(session: Session, child: Job) -> None:
    """Note that a child runs: its parent runs from now on."""
    if child.parent_id is None:
        return
    now = repository.now(session)
    begun = session.execute(
        update(Job)
        .where(Job.id == child.parent_id, Job.kind == KIND, Job.status == Status.QUEUED)
        .values(status=Status.RUNNING, started_at=now, version=Job.version + 1)
        .returning(Job.id),
    ).all()
    if begun:
        session.add(Event(job_id=child.parent_id, at=now, type="started", data={}))


def settle_parent(session: Session, child: Job) -> None:
    """End the parent of a child that has ended, if that was its last."""
    if child.parent_id is None:
        return
    parent = repository.lock_job(session, child.parent_id)
    if parent.kind == KIND:
        _settle(session, parent)


def cancel_parent(session: Session, parent_id: str) -> None:
    """Note that a user cancelled a parent, after all its children have been told."""
    parent = repository.lock_job(session, parent_id)
    if parent.status == Status.QUEUED:  # none of its children has ever run
        _end(session, parent, Status.CANCELLED, reason=Reason.USER_CANCELLED)
    elif parent.status == Status.RUNNING:
        parent.status, parent.reason, parent.version = Status.CANCELLING, Reason.USER_CANCELLED, parent.version + 1
        session.add(Event(job_id=parent.id, at=repository.now(session), type=str(Status.CANCELLING), data={}))
        _settle(session, parent)


def _settle(session: Session, parent: Job) -> None:
    rows = session.execute(
        select(Job.id, Job.status, Job.reason, Job.error).where(Job.parent_id == parent.id).order_by(Job.id),
    ).all()
    if parent.status in TERMINAL or any(row.status not in TERMINAL for row in rows):
        return
    counts = Counter(row.status for row in rows)
    lost = [
        {"job_id": row.id, "status": row.status, "reason": row.reason, "error": row.error}
        for row in rows
        if row.status != Status.SUCCEEDED
    ]
    result = {"succeeded": counts[Status.SUCCEEDED], "not_succeeded": lost}
    if parent.status == Status.CANCELLING:
        _end(session, parent, Status.CANCELLED, result=result)
    elif counts[Status.SUCCEEDED]:
        _end(session, parent, Status.SUCCEEDED, result=result)
    else:
        first = next((row.error["message"] for row in rows if row.error), None)
        said = f"{counts[Status.FAILED]} failed and {counts[Status.CANCELLED]} were cancelled"
        message = f"none of {len(rows)} children succeeded: {said}" + (f"; the first says: {first}" if first else "")
        error = {"code": Reason.CHILDREN_FAILED, "message": message}
        _end(session, parent, Status.FAILED, reason=Reason.CHILDREN_FAILED, error=error, result=result)


def _end(session: Session, parent: Job, status: Status, **values: Any) -> None:
    now = repository.now(session)
    for name, value in values.items():
        setattr(parent, name, value)
    parent.status, parent.finished_at, parent.version = status, now, parent.version + 1
    session.add(Event(job_id=parent.id, at=now, type=str(status), data={}))
    session.flush()
