"""The final state of jobs as plain documents, and the differences between a run and a run without faults."""

import json
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

TIMES = {"elapsed_s", "samples_per_s"}  # metrics that no two runs share
_ID = re.compile(r"\b(job|ds)_[0-9A-Za-z-]+")
_TIMED = re.compile(r"(_s|_at|seconds)$")

HANG = "ranks_hang"  # the one alarm that a fault may raise
VERDICT = ("status", "reason", "model", "alarms", "result")

FinalState = dict[str, Any]


def final_state(connection: Connection, job_id: str) -> FinalState:
    """Status, reason, result, curves, alarms and final weights of a job, and of the jobs that it started."""
    job = _rows(connection, "SELECT * FROM jobs WHERE id = :id", id=job_id)[0]
    children = _rows(connection, "SELECT id FROM jobs WHERE parent_id = :id ORDER BY queued_at, id", id=job_id)
    by_id = sorted(row["id"] for row in children)
    return {
        "id": job_id,
        "kind": job["kind"],
        "status": job["status"],
        "reason": job["reason"],
        "error": document(job["error"]),  # to be told, not compared: it has ids and paths
        "result": _timeless(document(job["result"])),
        "alarms": [each for each in _timeless(document(job["alarms"])) if each["code"] != HANG],
        "restarts": len(_rows(connection, "SELECT 1 FROM events WHERE job_id = :id AND type = 'restarted'", id=job_id)),
        "curves": _curves(connection, job_id),
        "model": _model(connection, job_id),
        "children": [final_state(connection, child) for child in by_id],
    }


def differences(found: FinalState, wanted: FinalState, *, cancelled: bool = False) -> Iterator[str]:
    """What is otherwise than it should be, in words.

    Args:
        found: Of the run.
        wanted: Of the same spec on a quiet machine.
        cancelled: Whether somebody asked for the end of it, so that it may have ended early.
    """
    name = f"{found['id']} ({found['kind']})"
    early = cancelled and found["status"] == "cancelled"
    if not early:
        for key in VERDICT:
            if found[key] != wanted[key]:
                why = f": {_short(found['error'])}" if key == "reason" else ""
                yield f"{name} has {key} {_short(found[key])}, without faults {_short(wanted[key])}{why}"
    if early and found["restarts"] < wanted["restarts"]:  # its curve is that of a try with a higher peak
        yield from (f"{name} {series} has a step twice" for series, have in found["curves"].items() if _repeats(have))
    else:
        yield from _of_curves(name, found["curves"], wanted["curves"], early=early)
    if len(found["children"]) != len(wanted["children"]):
        yield f"{name} has {len(found['children'])} children, without faults {len(wanted['children'])}"
    for child, other in zip(found["children"], wanted["children"], strict=False):
        yield from differences(child, other, cancelled=cancelled)


def _of_curves(name: str, found: dict[str, Any], wanted: dict[str, Any], *, early: bool) -> Iterator[str]:
    for series in sorted(found.keys() | wanted.keys()):
        have, want = found.get(series, []), wanted.get(series, [])
        if early:
            want = want[: len(have)]
        if have == want:
            continue
        if _repeats(have):
            yield f"{name} {series} has a step twice"
        elif len(have) != len(want):
            yield f"{name} {series} has {len(have)} points, without faults {len(want)}"
        else:
            at = next(number for number, pair in enumerate(zip(have, want, strict=True)) if pair[0] != pair[1])
            yield f"{name} {series} differs from point {at} of {len(have)} on: {have[at]}, without faults {want[at]}"


def _repeats(points: list[list[Any]]) -> bool:
    """Whether a step is there twice."""
    return len({step for step, _ in points}) != len(points)


def _curves(connection: Connection, job_id: str) -> dict[str, list[list[Any]]]:
    query = (
        "SELECT metric, replica, step, value, nonfinite FROM points WHERE job_id = :id ORDER BY metric, replica, step"
    )
    curves: dict[str, list[list[Any]]] = {}
    for row in _rows(connection, query, id=job_id):
        if row["metric"] not in TIMES:
            value = row["nonfinite"] or row["value"]
            curves.setdefault(f"{row['metric']} of replica {row['replica']}", []).append([row["step"], value])
    return curves


def _model(connection: Connection, job_id: str) -> str | None:
    query = "SELECT sha256 FROM artifacts WHERE job_id = :id AND kind = 'model' ORDER BY created_at DESC, key DESC"
    rows = _rows(connection, query, id=job_id)
    return rows[0]["sha256"] if rows else None


def _rows(connection: Connection, query: str, **values: Any) -> list[Any]:
    return list(connection.execute(text(query), values).mappings())


def document(value: Any) -> Any:
    """A JSON column as it is read without a model: SQLite gives its text."""
    return json.loads(value) if isinstance(value, str) else value


def _timeless(value: Any) -> Any:
    """The same document without times and ids."""
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if not _TIMED.search(key) and key not in TIMES}
    if isinstance(value, list):
        return [_timeless(each) for each in value]
    return _ID.sub("job", value) if isinstance(value, str) else value


def _short(value: Any) -> str:
    said = json.dumps(value)
    return said if len(said) <= 300 else f"{said[:300]}…"
