"""Roll-ups of a job's points, written with the points, so that a curve of any length can be read from few rows.

A bucket of level k covers ``SPANS[k]`` steps and has the number of its values and the steps of the lowest and the
highest. Every value belongs to one bucket of each level, so a spike is in all of them.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, case, delete, or_, select
from sqlalchemy.orm import Session

from jobs.database.records import MetricPoint
from jobs.database.session import upsert
from jobs.database.tables.jobs import Bucket, Point

RATIO = 4  # the best level has at least a quarter of the requested points
SPANS = tuple(16 * RATIO**level for level in range(10))  # 16 to 4,194,304 steps
TOP = len(SPANS) - 1

Name = tuple[str, int]  # metric and replica
Row = dict[str, Any]


def add(session: Session, job_id: str, points: Iterable[MetricPoint]) -> None:
    """Count new points into the buckets that they belong to, in the caller's transaction.

    Args:
        session: A writing transaction.
        job_id: The job; no other transaction may write to it meanwhile.
        points: Points that are written in the same transaction.
    """
    new: dict[Name, list[Row]] = defaultdict(list)
    for point in points:
        new[point.metric, point.replica].append(_of_point(point.step, point.row("")["value"]))
    rows, found = [], dict(new)
    for level in range(len(SPANS)):
        found = {name: _merged(parts, level) for name, parts in found.items()}
        rows += [_row(job_id, name, level, bucket) for name, buckets in found.items() for bucket in buckets]
    _write(session, rows)


def rewind(session: Session, job_id: str, step: int) -> None:
    """Uncount the points from ``step`` on; call it after they are deleted, in the same transaction."""
    names = session.execute(
        select(Bucket.metric, Bucket.replica).where(Bucket.job_id == job_id, Bucket.level == TOP).distinct()
    ).all()
    beyond = [and_(Bucket.level == level, Bucket.number >= step // span) for level, span in enumerate(SPANS)]
    session.execute(delete(Bucket).where(Bucket.job_id == job_id, or_(*beyond)))
    if step == 0:
        return
    for metric, replica in names:
        _count_again(session, job_id, (metric, replica), step)


def _count_again(session: Session, job_id: str, name: Name, step: int) -> None:
    """Recompute the bucket of each level that ``step`` splits, from the remaining buckets of the level below."""
    whole = (Point.job_id == job_id, Point.metric == name[0], Point.replica == name[1])
    start = step // SPANS[0] * SPANS[0]
    rest = session.execute(
        select(Point.step, Point.value).where(*whole, Point.step >= start, Point.step < step).order_by(Point.step)
    )
    below = [_of_point(place, value) for place, value in rest]
    for level in range(len(SPANS)):
        if level > 0:
            below = _children(session, job_id, name, level, step)
        _write(session, [_row(job_id, name, level, bucket) for bucket in _merged(below, level)])


def _children(session: Session, job_id: str, name: Name, level: int, step: int) -> list[Row]:
    first = step // SPANS[level] * RATIO
    rows = session.execute(
        select(
            (Bucket.number * SPANS[level - 1]).label("step"), Bucket.finite, Bucket.nonfinite,
            Bucket.min_step, Bucket.min_value, Bucket.max_step, Bucket.max_value,
        )
        .where(Bucket.job_id == job_id, Bucket.metric == name[0], Bucket.replica == name[1])
        .where(Bucket.level == level - 1, Bucket.number >= first)
        .order_by(Bucket.number)
    )  # fmt: skip
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - the public name of a row as a mapping


def _of_point(step: int, value: float | None) -> Row:
    place = None if value is None else step
    return {
        "step": step, "finite": int(value is not None), "nonfinite": int(value is None),
        "min_step": place, "min_value": value, "max_step": place, "max_value": value,
    }  # fmt: skip


def _merged(parts: list[Row], level: int) -> list[Row]:
    """Merge points, or buckets of the level below, into buckets; among equal extremes the first wins."""
    buckets: dict[int, Row] = {}
    for part in parts:
        number = part["step"] // SPANS[level]
        have = buckets.get(number)
        if have is None:
            buckets[number] = {**part, "step": number * SPANS[level]}
            continue
        have["finite"] += part["finite"]
        have["nonfinite"] += part["nonfinite"]
        if part["min_value"] is not None:
            if have["min_value"] is None or part["min_value"] < have["min_value"]:
                have["min_step"], have["min_value"] = part["min_step"], part["min_value"]
            if have["max_value"] is None or part["max_value"] > have["max_value"]:
                have["max_step"], have["max_value"] = part["max_step"], part["max_value"]
    return list(buckets.values())


def _row(job_id: str, name: Name, level: int, bucket: Row) -> Row:
    extremes = {key: value for key, value in bucket.items() if key != "step"}
    number = bucket["step"] // SPANS[level]
    return {"job_id": job_id, "metric": name[0], "replica": name[1], "level": level, "number": number, **extremes}


def _write(session: Session, rows: list[Row]) -> None:
    if not rows:
        return
    insert = upsert(session, Bucket)
    new = insert.excluded
    lower = or_(Bucket.min_value.is_(None), new.min_value < Bucket.min_value)
    higher = or_(Bucket.max_value.is_(None), new.max_value > Bucket.max_value)
    update = {
        "finite": Bucket.finite + new.finite,
        "nonfinite": Bucket.nonfinite + new.nonfinite,
        "min_step": case((lower, new.min_step), else_=Bucket.min_step),
        "min_value": case((lower, new.min_value), else_=Bucket.min_value),
        "max_step": case((higher, new.max_step), else_=Bucket.max_step),
        "max_value": case((higher, new.max_value), else_=Bucket.max_value),
    }
    key = ["job_id", "level", "metric", "replica", "number"]
    session.execute(insert.on_conflict_do_update(index_elements=key, set_=update), rows)
