"""Alarms of a job: stored on its row, once for each code, and recorded as events."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.tables.jobs import Event, Job


def new(job: Job, found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the alarms whose code the job does not have yet, each code once."""
    raised = {alarm["code"] for alarm in job.alarms}
    fresh = []
    for alarm in found:
        if alarm["code"] not in raised:
            raised.add(alarm["code"])
            fresh.append(dict(alarm))
    return fresh


def note(session: Session, job_id: str, events: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Write an event for each alarm, in the caller's transaction."""
    now = None
    for kind, data in events:
        now = now or queries.now(session)
        session.add(Event(job_id=job_id, at=now, type=kind, data=data))
