"""Lists of jobs: filters over indexed columns, in pages from new to old."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, select, union_all
from sqlalchemy.orm import Session, aliased

from jobs.database.tables.jobs import Job, JobLabel
from jobs.status import Status


@dataclass(frozen=True, slots=True)
class JobFilter:
    """A filter of jobs. A job must match all fields that are set.

    Attributes:
        statuses: Any of these.
        kind: The kind.
        labels: Names of labels with the values that they must have.
        name: A part of the name, in any case (beyond ASCII it depends on the database).
        parent: Id of the parent job.
        fingerprint: Fingerprint of the conditions.
        created_after: Seconds since 1970, inclusive.
        created_before: Seconds since 1970, exclusive.
        is_terminal: Whether the job has ended.
    """

    statuses: tuple[Status, ...] = ()
    kind: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    name: str | None = None
    parent: str | None = None
    fingerprint: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    is_terminal: bool | None = None

    @property
    def wanted_statuses(self) -> tuple[Status, ...] | None:
        """Return the statuses that a job may have; None for any."""
        if not self.statuses and self.is_terminal is None:
            return None
        asked = self.statuses or tuple(Status)
        return tuple(each for each in Status if each in asked and self.is_terminal in (None, each.is_terminal))

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the WHERE conditions of all fields except statuses and labels."""
        exactly = (
            (Job.kind, self.kind), (Job.parent_id, self.parent), (Job.fingerprint, self.fingerprint),
        )  # fmt: skip
        found = [column == value for column, value in exactly if value is not None]
        if self.name is not None:
            found.append(Job.name.icontains(self.name, autoescape=True))
        if self.created_after is not None:
            found.append(Job.created_at >= self.created_after)
        if self.created_before is not None:
            found.append(Job.created_at < self.created_before)
        return found


def list_jobs(session: Session, wanted: JobFilter, *, before: str | None = None, limit: int) -> Sequence[Job]:
    """Return jobs from new to old; with ``before``, only those with a lower id."""
    ids, in_order = select(Job.id), Job.id
    for name, value in wanted.labels:
        label = aliased(JobLabel)
        ids = ids.join(label, and_(label.job_id == Job.id, label.name == name, label.value == value))
        in_order = label.job_id  # an index has the jobs of a label in this order, so few rows are read
    ids = ids.where(*wanted.conditions()).order_by(in_order.desc()).limit(limit)
    if before is not None:
        ids = ids.where(in_order < before)
    if wanted.wanted_statuses is not None:
        ids = _merged(ids, wanted.wanted_statuses, limit)
    found = list(session.scalars(ids))
    rows = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(found)))}
    return [rows[job_id] for job_id in found if job_id in rows]  # a job may have been deleted in between


def _merged(ids: Select[str], statuses: Sequence[Status], limit: int) -> Select[str]:
    """Return the newest jobs of several statuses.

    Each status is read separately, and only as far as the page needs: the index on status and id has one status in
    order, but several together would all have to be read and sorted.
    """
    each = [select(ids.where(Job.status == status).subquery().c.id) for status in statuses]
    if not each:
        return ids.where(Job.id.is_(None))
    merged = union_all(*each).subquery()
    return select(merged.c.id).order_by(merged.c.id.desc()).limit(limit)
