"""The log of a job: the output lines of its processes. Each job keeps a limited number, and the oldest are dropped."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import Line
from jobs.database.tables.jobs import LogLine

KEPT: Final = 10_000  # lines of a job, over all attempts


def add(session: Session, job_id: str, attempt: int, lines: Sequence[Line]) -> None:
    """Append lines in the caller's fenced transaction, and drop the oldest ones."""
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
    """Return the number of the newest line; 0 if there is none."""
    return session.scalar(select(func.max(LogLine.number)).where(LogLine.job_id == job_id)) or 0


def dropped(session: Session, job_id: str) -> int:
    """Return how many of the oldest lines were dropped."""
    first = session.scalar(select(func.min(LogLine.number)).where(LogLine.job_id == job_id))
    return 0 if first is None else first - 1


def after(session: Session, job_id: str, number: int, *, attempt: int | None, limit: int) -> Sequence[LogLine]:
    """Return the first lines after a number, of one attempt or of all."""
    query = select(LogLine).where(*_of(job_id, attempt), LogLine.number > number).order_by(LogLine.number)
    return session.scalars(query.limit(limit)).all()


def tail(session: Session, job_id: str, count: int, *, attempt: int | None) -> Sequence[LogLine]:
    """Return the last lines in order, of one attempt or of all."""
    query = select(LogLine).where(*_of(job_id, attempt)).order_by(LogLine.number.desc())
    return session.scalars(query.limit(count)).all()[::-1]


def _of(job_id: str, attempt: int | None) -> list[ColumnElement[bool]]:
    return [LogLine.job_id == job_id] + ([] if attempt is None else [LogLine.attempt == attempt])
