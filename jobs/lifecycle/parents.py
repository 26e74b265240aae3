"""Jobs that consist of other jobs: they start with their first child and end in the transaction of their last child.

A parent takes no slot, and no worker claims it. Locks are always taken child first, parent last. A transaction that has
locked the parent sees every ended child, so if two children end at once, the later one ends the parent.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.tables.jobs import Event, Job
from jobs.spec.range_test import RangeTest
from jobs.spec.resolved import ResolvedComparison, ResolvedSweep
from jobs.status import TERMINAL, Reason, Status

KINDS = {"sweep": "lr_find", "compare": "train"}  # and of which kind the children are that a parent is there for


@dataclass(frozen=True, slots=True)
class ChildTotals:
    """Totals over the children of a parent: steps done, steps in all, and how often any of them changed."""

    step: int
    total_steps: int | None  # None where a child does not know its own yet
    version: int


def sum_of_children(session: Session, parent: Job) -> ChildTotals:
    """Return the progress of a parent. An ended child counts only the steps that it took."""
    rows = session.execute(
        select(Job.id, Job.status, Job.step, Job.total_steps, Job.version).where(Job.parent_id == parent.id)
    ).all()
    expected = _expected_steps(parent, {row.id: row.total_steps for row in rows if row.total_steps})
    totals = [row.step if row.status in TERMINAL else expected.get(row.id) for row in rows]
    known = [total for total in totals if total is not None]
    return ChildTotals(
        step=sum(row.step for row in rows),
        total_steps=sum(known) if len(known) == len(totals) else None,
        version=sum(row.version for row in rows),
    )


def _expected_steps(parent: Job, known: dict[str, int]) -> dict[str, int]:
    """Return the total steps of each child. An arm with a budget in epochs takes them from a run that has begun.

    Args:
        parent: The parent.
        known: Steps that children have reported.
    """
    test = RangeTest.model_validate(parent.spec.get("range_test") or {}).total_steps
    if parent.kind == "sweep":
        cells = ResolvedSweep.model_validate(parent.resolved).cells
        return dict.fromkeys((cell.job_id for cell in cells), test) | known
    comparison = ResolvedComparison.model_validate(parent.resolved)
    found = dict.fromkeys(comparison.range_tests, test)
    for arm in comparison.arms:
        ids = [run.job_id for run in arm.runs]
        steps = arm.steps or next((known[each] for each in ids if each in known), None)
        found |= dict.fromkeys(ids, steps) if steps else {}
    return found | known


def versions_of(session: Session, job_ids: Sequence[str]) -> dict[str, int]:
    """Return the versions of the jobs that exist. A parent's version grows with each of its children's."""
    rows = session.execute(select(Job.id, Job.version).where(Job.id.in_(job_ids))).all()
    parent = select(Job.id).where(Job.id.in_(job_ids), Job.kind.in_(KINDS))
    below = session.execute(
        select(Job.parent_id, func.sum(Job.version)).where(Job.parent_id.in_(parent)).group_by(Job.parent_id)
    ).all()
    children = {parent_id: int(version) for parent_id, version in below}
    return {row.id: row.version + children.get(row.id, 0) for row in rows}


def begin_parent(session: Session, child: Job) -> None:
    """Mark the parent of a child that runs as running."""
    if child.parent_id is None:
        return
    now = queries.now(session)
    begun = session.execute(
        update(Job)
        .where(Job.id == child.parent_id, Job.kind.in_(KINDS), Job.status == Status.QUEUED)
        .values(status=Status.RUNNING, started_at=now, version=Job.version + 1)
        .returning(Job.id),
    ).all()
    if begun:
        session.add(Event(job_id=child.parent_id, at=now, type="started", data={}))


def settle_parents(session: Session, children: Iterable[Job]) -> None:
    """End the parents whose last child has ended."""
    for parent_id in sorted({child.parent_id for child in children if child.parent_id is not None}):
        parent = queries.lock_job(session, parent_id)
        if parent.kind in KINDS:
            _settle(session, parent)


def cancel_parent(session: Session, parent_id: str) -> None:
    """Mark a parent as cancelled by a user, after all its children."""
    parent = queries.lock_job(session, parent_id)
    if parent.status == Status.QUEUED:  # no child has ever run
        _end(session, parent, Status.CANCELLED, reason=Reason.USER_CANCELLED)
    elif parent.status == Status.RUNNING:
        parent.status, parent.reason, parent.version = Status.CANCELLING, Reason.USER_CANCELLED, parent.version + 1
        session.add(Event(job_id=parent.id, at=queries.now(session), type=str(Status.CANCELLING), data={}))
        _settle(session, parent)


def _settle(session: Session, parent: Job) -> None:
    rows = session.execute(
        select(Job.id, Job.kind, Job.status, Job.reason, Job.error).where(Job.parent_id == parent.id).order_by(Job.id),
    ).all()
    if parent.status in TERMINAL or any(row.status not in TERMINAL for row in rows):
        return
    wanted = [row for row in rows if row.kind == KINDS[parent.kind]]
    counts = Counter(row.status for row in wanted)
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
        message = f"none of {len(wanted)} children succeeded: {said}" + (f"; the first says: {first}" if first else "")
        error = {"code": Reason.CHILDREN_FAILED, "message": message}
        _end(session, parent, Status.FAILED, reason=Reason.CHILDREN_FAILED, error=error, result=result)


def _end(session: Session, parent: Job, status: Status, **values: Any) -> None:
    now = queries.now(session)
    for name, value in values.items():
        setattr(parent, name, value)
    parent.status, parent.finished_at, parent.version = status, now, parent.version + 1
    session.add(Event(job_id=parent.id, at=now, type=str(status), data={}))
    session.flush()
