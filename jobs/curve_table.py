"""Curves as CSV: every point, read in pieces, so that a curve of any length takes little memory."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.models import Point

PIECE_ROWS = 2000
HEADER = "metric,replica,step,value\n"


def lines(session: Session, job_id: str, metrics: Sequence[str]) -> Iterator[str]:
    """A header, then pieces of many lines, by metric, replica and step.

    Values have all their digits; NaN and infinities are written ``nan``, ``inf`` and ``-inf``.

    Args:
        session: One of `Database.read_in_pieces`; stays open until the last piece is taken.
        job_id: The job.
        metrics: Names of metrics; empty for all.
    """
    yield HEADER
    query = (
        select(Point.metric, Point.replica, Point.step, Point.value, Point.nonfinite)
        .where(Point.job_id == job_id)
        .order_by(Point.metric, Point.replica, Point.step)
        .execution_options(yield_per=PIECE_ROWS)
    )
    if metrics:
        query = query.where(Point.metric.in_(metrics))
    for piece in session.execute(query).partitions():
        yield "".join(
            f"{metric},{replica},{step},{special if value is None else repr(value)}\n"
            for metric, replica, step, value, special in piece
        )
