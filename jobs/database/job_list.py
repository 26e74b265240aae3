"""Lists of jobs: filters over indexed columns, in pages from new to old."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, select, union_all
from sqlalchemy.orm import Session, aliased

from jobs.database.tables.jobs import Job, JobLabel
from jobs.status import Status


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a job must be to be listed: all of it. What is left out is not asked for.

    Attributes:
        statuses: Any one of these.
        kind: The kind.
        labels: Names of labels with the values that they must have.
        name: A part of the name, in any case (beyond ASCII: as the database understands case).
        parent: Id of the job that started it.
        fingerprint: Fingerprint of the conditions.
        created_after: Seconds since 1970, this moment included.
        created_before: Seconds since 1970, this moment excluded.
        is_terminal: Whether it has ended.
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
        """The statuses that a job may have; None for any."""
        if not self.statuses and self.is_terminal is None:
            return None
        asked = self.statuses or tuple(Status)
        return tuple(each for each in Status if each in asked and self.is_terminal in (None, each.is_terminal))

    def conditions(self) -> list[ColumnElement[bool]]:
        """All but statuses and labels, for a WHERE."""
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
    """Jobs from new to old, those with an id below ``before`` where it is given."""
    ids, in_order = select(Job.id), Job.id
    for name, value in wanted.labels:
        label = aliased(JobLabel)
        ids = ids.join(label, and_(label.job_id == Job.id, label.name == name, label.value == value))
        in_order = label.job_id  # an index has those of a label in this order, so that few have to be read
    ids = ids.where(*wanted.conditions()).order_by(in_order.desc()).limit(limit)
    if before is not None:
        ids = ids.where(in_order < before)
    if wanted.wanted_statuses is not None:
        ids = _merged(ids, wanted.wanted_statuses, limit)
    found = list(session.scalars(ids))
    rows = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(found)))}
    return [rows[job_id] for job_id in found if job_id in rows]  # one may have been deleted in between


def _merged(ids: Select[str], statuses: Sequence[Status], limit: int) -> Select[str]:
    """The newest of several statuses.

    Each is read by itself and no further than the page needs: the index on status and id has each in order, but not
    several of them together, which would all have to be read and sorted.
    """
    each = [select(ids.where(Job.status == status).subquery().c.id) for status in statuses]
    if not each:
        return ids.where(Job.id.is_(None))
    merged = union_all(*each).subquery()
    return select(merged.c.id).order_by(merged.c.id.desc()).limit(limit)
