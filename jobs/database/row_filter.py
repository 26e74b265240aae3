"""The rows that a transaction can see: a filter on the session itself, so that no query can forget it.

A `RowFilter` is attached to the sessions of `jobs.database.session.Database.seen_by`. It restricts every SELECT, UPDATE
and DELETE of jobs and datasets by the ORM to rows of the owner, and sets the owner of every new job, dataset and
idempotency key. Sessions without a filter (workers, migrations) see everything; a job that they add gets the owner of
its parent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, false, func, select
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from jobs.database.dry_run_session import DryRunSession
from jobs.database.tables.jobs import IdempotencyKey, Job
from jobs.database.tables.service import ApiKey, Dataset
from jobs.errors import TooManyJobsError
from jobs.spec.image_limits import ImageLimits
from jobs.status import TERMINAL

_ROW_FILTER = "clr_row_filter"


@dataclass(frozen=True, slots=True)
class RowFilter:
    """What a session may see, and who owns its new jobs.

    Attributes:
        owner: The owner of new jobs; None if keys are not required.
        sees_all: Whether the session sees jobs of every owner. Otherwise it sees the owner's, or none without an owner.
        max_unfinished_jobs: Limit on unfinished jobs of the owner; None for no limit.
        image_limits: Limits on the images that new jobs decode; None for no limit.
    """

    owner: str | None
    sees_all: bool
    max_unfinished_jobs: int | None = None
    image_limits: ImageLimits | None = None


def attached(row_filter: RowFilter) -> dict[str, Any]:
    """Return the ``info`` of a session with this filter."""
    return {_ROW_FILTER: row_filter}


def owner_of(session: Session) -> str | None:
    """Return the owner of new jobs of this session, if any."""
    row_filter: RowFilter | None = session.info.get(_ROW_FILTER)
    return None if row_filter is None else row_filter.owner


def image_limits_of(session: Session) -> ImageLimits | None:
    """Return the limits on the images that jobs of this session decode, if any."""
    row_filter: RowFilter | None = session.info.get(_ROW_FILTER)
    return None if row_filter is None else row_filter.image_limits


@contextmanager
def every_owner(session: Session) -> Iterator[None]:
    """Lift the filter, for effects of an action on jobs of other owners. Never use it for what a user asks to see."""
    row_filter = session.info.pop(_ROW_FILTER, None)
    try:
        yield
    finally:
        if row_filter is not None:
            session.info[_ROW_FILTER] = row_filter


def assert_room(session: Session) -> None:
    """Refuse a submission if its owner is at the limit. A submission that begins below the limit is accepted whole.

    The rows of the owner's keys are locked until the transaction ends, so that two requests cannot both take the last
    place. A dry run locks none.

    Raises:
        TooManyJobsError: The owner has reached the limit of unfinished jobs.
    """
    row_filter: RowFilter | None = session.info.get(_ROW_FILTER)
    if row_filter is None or row_filter.owner is None or row_filter.max_unfinished_jobs is None:
        return
    if not isinstance(session, DryRunSession):
        session.execute(select(ApiKey.id).where(ApiKey.owner == row_filter.owner).with_for_update()).all()
    unfinished = select(func.count()).select_from(Job).where(Job.owner == row_filter.owner, Job.status.not_in(TERMINAL))
    if (session.scalar(unfinished) or 0) >= row_filter.max_unfinished_jobs:
        raise TooManyJobsError(row_filter.max_unfinished_jobs)


@event.listens_for(Session, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    row_filter: RowFilter | None = state.session.info.get(_ROW_FILTER)
    if row_filter is None or row_filter.sees_all or state.is_column_load or state.is_relationship_load:
        return
    criterion = false() if row_filter.owner is None else Job.owner == row_filter.owner
    datasets = false() if row_filter.owner is None else Dataset.owner == row_filter.owner
    state.statement = state.statement.options(
        with_loader_criteria(Job, criterion), with_loader_criteria(Dataset, datasets)
    )


@event.listens_for(Session, "before_flush")
def _own(session: Session, *_: object) -> None:
    owner = owner_of(session)
    for row in session.new:
        if isinstance(row, Job) and row.owner is None:
            row.owner = owner if owner is not None else _owner_of_parent(session, row)
        elif isinstance(row, Dataset):
            row.owner = owner
        elif isinstance(row, IdempotencyKey):
            row.owner = owner or ""
    for row in session.dirty:  # changing a job without an owner does not give it one, but a new parent does
        if isinstance(row, Job) and row.owner is None:
            row.owner = _owner_of_parent(session, row)


def _owner_of_parent(session: Session, job: Job) -> str | None:
    if job.parent_id is None:
        return None
    with session.no_autoflush:
        parent = session.get(Job, job.parent_id)
    return None if parent is None else parent.owner
