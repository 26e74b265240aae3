"""Curves as CSV: every point, read page by page, so that a curve of any length needs little memory."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Row, select, tuple_
from sqlalchemy.orm import Session

from jobs.database.session import Database
from jobs.database.tables.jobs import Point

PAGE_ROWS = 2000
HEADER = "metric,replica,step,value\n"

_Key = tuple[str, int, int]
_Line = Row[str, int, int, float | None, str | None]


def lines(database: Database, job_id: str, metrics: Sequence[str]) -> Iterator[str]:
    """Yield the header, then chunks of many lines, ordered by metric, replica and step.

    Values have all their digits; NaN and infinities are written ``nan``, ``inf`` and ``-inf``. Each page has its own
    session, so a slow consumer holds no connection.

    Args:
        database: The database to read.
        job_id: The job.
        metrics: Names of metrics; empty for all.
    """
    yield HEADER
    last: _Key | None = None
    while True:
        with database.read() as session:
            page = _page(session, job_id, metrics, last)
        if page:
            yield "".join(
                f"{metric},{replica},{step},{special if value is None else repr(value)}\n"
                for metric, replica, step, value, special in page
            )
        if len(page) < PAGE_ROWS:
            return
        last = (page[-1].metric, page[-1].replica, page[-1].step)


def _page(session: Session, job_id: str, metrics: Sequence[str], last: _Key | None) -> Sequence[_Line]:
    key = tuple_(Point.metric, Point.replica, Point.step)
    query = (
        select(Point.metric, Point.replica, Point.step, Point.value, Point.nonfinite)
        .where(Point.job_id == job_id)
        .order_by(Point.metric, Point.replica, Point.step)
        .limit(PAGE_ROWS)
    )
    if metrics:
        query = query.where(Point.metric.in_(metrics))
    if last is not None:
        query = query.where(key > tuple_(*last))
    return session.execute(query).all()
