"""Restarts a training that diverged, with lower rates, if its spec has ``on_divergence``."""

from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import AttemptId
from jobs.database.tables.jobs import Artifact
from jobs.lifecycle import alarms
from jobs.spec.job import TrainSpec, job_spec
from jobs.spec.resolved import ResolvedTraining
from jobs.status import Outcome, Status


def next_try(session: Session, claim: AttemptId, message: str) -> dict[str, Any] | None:
    """Prepare the next try: lower rates, no alarms, and no checkpoint to resume from.

    The points of this try are deleted when the next one is claimed at step 0, since a curve has every step once. The
    event ``restarted`` and the attempt with its outcome ``diverged`` remain.

    Returns:
        Columns of the job's row, or None if the job fails: no restart asked for, no try left, or being cancelled.
    """
    job = queries.lock_job(session, claim.job_id)  # so that no cancel comes in between
    spec = job_spec.validate_python(job.spec)
    if not isinstance(spec, TrainSpec) or spec.on_divergence is None or job.status != Status.RUNNING:
        return None
    tried = sum(attempt.outcome == Outcome.DIVERGED for attempt in queries.attempts_of(session, job.id))
    if tried >= spec.on_divergence.tries:
        return None
    resolved = ResolvedTraining.model_validate(job.resolved)
    lower = resolved.lowered(spec.on_divergence.lower_max_lr_by)
    session.execute(delete(Artifact).where(Artifact.job_id == job.id, Artifact.kind == "checkpoint"))
    data = {
        "why": message, "try": tried + 1, "tries": spec.on_divergence.tries, "last_step": job.step,
        "rates": resolved.peak_and_foot, "next_rates": lower.peak_and_foot, "alarms": job.alarms,
    }  # fmt: skip
    alarms.note(session, job.id, [("restarted", data)])
    return {"status": Status.QUEUED, "resolved": lower.document(), "alarms": [], "latest": {}}
