"""The log of a job: the output lines of its processes. Each job keeps a limited number, and the oldest are dropped."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import Line
from jobs.database.tables.jobs import LogLine

KEPT: Final = 10_000  # lines of a job, of all its attempts


def add(session: Session, job_id: str, attempt: int, lines: Sequence[Line]) -> None:
    """Write lines after those that are there, in the caller's fenced transaction, and drop what is too old."""
    number, now = last_number(session, job_id), queries.now(session)
    rows = [
        {
            "job_id": job_id, "number": number + place, "attempt": attempt, "source": line.source,
            "stream": line.stream, "at": now, "text": line.text,
        }
        for place, line in enumerate(lines, start=1)
    ]  # fmt: skip
    session.execute(insert(LogLine), rows[-KEPT:])
    oldest = number + len(rows) - KEPT
    if oldest > 0:
        session.execute(delete(LogLine).where(LogLine.job_id == job_id, LogLine.number <= oldest))


def last_number(session: Session, job_id: str) -> int:
    """Number of the newest line; 0 where there is none."""
    return session.scalar(select(func.max(LogLine.number)).where(LogLine.job_id == job_id)) or 0


def dropped(session: Session, job_id: str) -> int:
    """How many of the oldest lines are no longer kept."""
    first = session.scalar(select(func.min(LogLine.number)).where(LogLine.job_id == job_id))
    return 0 if first is None else first - 1


def after(session: Session, job_id: str, number: int, *, attempt: int | None, limit: int) -> Sequence[LogLine]:
    """The first lines after a number, of one attempt or of all."""
    query = select(LogLine).where(*_of(job_id, attempt), LogLine.number > number).order_by(LogLine.number)
    return session.scalars(query.limit(limit)).all()


def tail(session: Session, job_id: str, count: int, *, attempt: int | None) -> Sequence[LogLine]:
    """The last lines, of one attempt or of all, in order."""
    query = select(LogLine).where(*_of(job_id, attempt)).order_by(LogLine.number.desc())
    return session.scalars(query.limit(count)).all()[::-1]


def _of(job_id: str, attempt: int | None) -> list[ColumnElement[bool]]:
    return [LogLine.job_id == job_id] + ([] if attempt is None else [LogLine.attempt == attempt])
