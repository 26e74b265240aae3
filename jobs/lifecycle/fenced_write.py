"""The only way for an attempt to write its job's row: compare-and-set on the attempt, which is the fencing token."""

from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from jobs.database.records import AttemptId, LeaseSignals
from jobs.database.session import db_now
from jobs.database.tables.jobs import Job
from jobs.errors import StaleAttemptError
from jobs.status import Status


def write(session: Session, claim: AttemptId, *conditions: ColumnElement[bool], **values: Any) -> LeaseSignals:
    """Change the row of a job that this attempt still holds, if further conditions are met.

    Returns:
        What the row asks of the attempt.

    Raises:
        StaleAttemptError: The job is no longer this attempt's, or a condition fails; nothing is written.
    """
    row = session.execute(
        update(Job)
        .where(
            Job.id == claim.job_id,
            Job.attempt == claim.attempt,
            Job.status.in_([Status.RUNNING, Status.CANCELLING]),
            *conditions,
        )
        .values(**values)
        .returning(Job.status, Job.cancel_mode, (Job.deadline_at < db_now()).label("overdue")),
    ).one_or_none()
    if row is None:
        raise StaleAttemptError(claim.job_id, claim.attempt)
    cancels = row.status == Status.CANCELLING
    return LeaseSignals(cancel=cancels, kill=cancels and row.cancel_mode == "kill", overdue=bool(row.overdue))
