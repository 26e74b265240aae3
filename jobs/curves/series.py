"""One series of a job in SQL: all points of a short one are read, and the roll-ups of a long one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, select, union_all
from sqlalchemy.orm import Session

from clr_core.curves import extremes
from jobs.curves.rollups import SPANS, TOP
from jobs.database.tables.jobs import Bucket, Point

_STEPS_A_QUERY = 5000
FEWEST = 256  # at least this many points come from buckets: edges of larger buckets take long to read

Value = tuple[int, float]  # a step and its value

# Table columns, not mapped attributes: reading plain rows is a third faster.
_POINTS, _BUCKETS = Point.__table__.c, Bucket.__table__.c


@dataclass(frozen=True, slots=True)
class Overview:
    """Summary of a whole series: how many values are finite, how many are not, and the first of the lowest."""

    count: int
    nonfinite: int
    lowest: Value | None


def overviews(session: Session, job_id: str) -> dict[tuple[str, int], Overview]:
    """Return the summary of each series of a job, ordered by metric and replica."""
    rows: Any = session.execute(
        select(
            _BUCKETS.metric, _BUCKETS.replica, _BUCKETS.finite, _BUCKETS.nonfinite, _BUCKETS.min_step,
            _BUCKETS.min_value,
        )
        .where(_BUCKETS.job_id == job_id, _BUCKETS.level == TOP)
        .order_by(_BUCKETS.metric, _BUCKETS.replica, _BUCKETS.number)
    )  # fmt: skip
    found: dict[tuple[str, int], Overview] = {}
    for metric, replica, finite, nonfinite, step, value in rows:
        have = found.get((metric, replica), Overview(0, 0, None))
        lowest = have.lowest
        if value is not None and (lowest is None or value < lowest[1]):
            lowest = (step, value)
        found[metric, replica] = Overview(have.count + finite + nonfinite, have.nonfinite + nonfinite, lowest)
    return found


@dataclass(frozen=True, slots=True)
class Source:
    """One metric of one replica, from ``start`` to ``end`` inclusive; without ``end``, to the last step."""

    session: Session
    job_id: str
    metric: str
    replica: int
    start: int = 0
    end: int | None = None

    def first(self) -> Value | None:
        """Return the first finite value of the range."""
        return self._one(select(_POINTS.step, _POINTS.value).where(*self._finite()).order_by(_POINTS.step))

    def last(self) -> Value | None:
        """Return the last finite value of the range."""
        return self._one(select(_POINTS.step, _POINTS.value).where(*self._finite()).order_by(_POINTS.step.desc()))

    def nonfinite(self, most: int) -> list[tuple[int, str]]:
        """Return the first ``most`` non-finite values of the range, with their steps."""
        query = select(_POINTS.step, _POINTS.nonfinite).where(*self._points(), _POINTS.nonfinite.is_not(None))
        rows: Any = self.session.execute(query.order_by(_POINTS.step).limit(most))
        return [(step, word) for step, word in rows]

    def thinned(self, max_points: int) -> list[Value]:
        """Return the first and last point, and the extremes of each bucket of the finest level that has few enough."""
        ends = self._ends()
        if not ends:
            return []
        first, last = ends
        if last[0] - first[0] >= max_points:
            count, found = self._from_buckets(first[0], last[0], max(max_points, FEWEST))
            if count > max_points:
                kept = sorted({**found, first[0]: first[1], last[0]: last[1]}.items())
                return [kept[place] for place in extremes(np.array([value for _, value in kept]), max_points)]
        points = self._between(first[0], last[0])
        return [points[place] for place in extremes(np.array([value for _, value in points]), max_points)]

    def sampled(self, most: int) -> list[tuple[int, float | None]]:
        """Return all points of the range, non-finite ones too; of more than ``most``, the first of each bucket.

        The buckets are of the finest level that has at most ``most``, so the cost is limited for a series of any
        length.
        """
        steps = [step for step, _ in self._ends()]
        if not steps:
            return []
        if steps[1] - steps[0] >= most:
            level = next((at for at, span in enumerate(SPANS) if steps[1] // span - steps[0] // span < most), TOP)
            if self._count(level) > most:
                return self._firsts(level)
        rows: Any = self.session.execute(
            select(_POINTS.step, _POINTS.value).where(*self._points()).order_by(_POINTS.step)
        )
        return [(step, value) for step, value in rows]

    def _count(self, level: int) -> int:
        total = func.sum(_BUCKETS.finite + _BUCKETS.nonfinite)
        return int(self.session.scalar(select(total).where(*self._buckets(level))) or 0)

    def _firsts(self, level: int) -> list[tuple[int, float | None]]:
        """Return the first point in each bucket of the range, by index seeks."""
        first = (
            select(_POINTS.step)
            .where(*self._names(), _POINTS.step >= _BUCKETS.number * SPANS[level])
            .order_by(_POINTS.step)
            .limit(1)
        )
        query = select(first.correlate(Bucket.__table__).scalar_subquery()).where(*self._buckets(level))
        steps = [step for step in self.session.scalars(query.order_by(_BUCKETS.number)) if step is not None]
        found: list[tuple[int, float | None]] = []
        for start in range(0, len(steps), _STEPS_A_QUERY):
            some = _POINTS.step.in_(steps[start : start + _STEPS_A_QUERY])
            rows: Any = self.session.execute(
                select(_POINTS.step, _POINTS.value).where(*self._points(), some).order_by(_POINTS.step)
            )
            found += [(step, value) for step, value in rows]
        return found

    def rates(self, steps: list[int]) -> dict[int, float]:
        """Return the learning rate of the same replica at some steps."""
        rows: Any = self.session.execute(
            select(_POINTS.step, _POINTS.value)
            .where(_POINTS.job_id == self.job_id, _POINTS.metric == "lr", _POINTS.replica == self.replica)
            .where(_POINTS.step.in_(steps), _POINTS.value.is_not(None))
        )
        return dict(rows.all())

    def _from_buckets(self, start: int, end: int, most: int) -> tuple[int, dict[int, float]]:
        """Return the number of values between two steps, and the extremes of each bucket; 0 if there is no bucket."""
        steps = end - start + 1
        level = next((at for at, span in enumerate(SPANS) if 2 * (steps // span + 2) <= most - 2), TOP)
        span = SPANS[level]
        low, high = -(-start // span), (end + 1) // span
        if high <= low:
            return 0, {}
        rows: Any = self.session.execute(
            select(_BUCKETS.finite, _BUCKETS.min_step, _BUCKETS.min_value, _BUCKETS.max_step, _BUCKETS.max_value)
            .where(*self._buckets(level), _BUCKETS.number >= low, _BUCKETS.number < high, _BUCKETS.finite > 0)
            .order_by(_BUCKETS.number)
        ).all()
        count, found = 0, {}
        for finite, min_step, min_value, max_step, max_value in rows:
            count += finite
            found[min_step], found[max_step] = min_value, max_value
        for edge in (self._between(start, low * span - 1), self._between(high * span, end)):
            count += len(edge)
            if edge:
                lowest, highest = (choose(edge, key=lambda point: point[1]) for choose in (min, max))
                found[lowest[0]], found[highest[0]] = lowest[1], highest[1]
        return count, found

    def _between(self, start: int, end: int) -> list[Value]:
        if end < start:
            return []
        # Do not add the bounds of the whole range: given two lower bounds, SQLite seeks by the first and filters by the
        # other.
        query = select(_POINTS.step, _POINTS.value).where(*self._names(), _POINTS.step >= start, _POINTS.step <= end)
        query = query.where(_POINTS.value.is_not(None))
        rows: Any = self.session.execute(query.order_by(_POINTS.step)).all()
        return [(step, value) for step, value in rows]

    def _ends(self) -> list[Value]:
        """Return the first and last finite value of the range, in one query; an empty list if there is none."""
        value = select(_POINTS.step, _POINTS.value).where(*self._finite()).limit(1)
        first, last = (value.order_by(order).subquery() for order in (_POINTS.step, _POINTS.step.desc()))
        rows: Any = self.session.execute(union_all(select(first), select(last))).all()
        return sorted((step, number) for step, number in rows)

    def _one(self, query: Any) -> Value | None:
        row = self.session.execute(query.limit(1)).first()
        return None if row is None else (row[0], row[1])

    def _names(self) -> list[ColumnElement[bool]]:
        return [_POINTS.job_id == self.job_id, _POINTS.metric == self.metric, _POINTS.replica == self.replica]

    def _points(self) -> list[ColumnElement[bool]]:
        end = [] if self.end is None else [_POINTS.step <= self.end]
        return [*self._names(), _POINTS.step >= self.start, *end]

    def _finite(self) -> list[ColumnElement[bool]]:
        return [*self._points(), _POINTS.value.is_not(None)]

    def _buckets(self, level: int) -> list[ColumnElement[bool]]:
        names = [_BUCKETS.job_id == self.job_id, _BUCKETS.metric == self.metric, _BUCKETS.replica == self.replica]
        return [*names, _BUCKETS.level == level]
