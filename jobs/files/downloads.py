"""Files of a training that users can download: its model, the card of the model, and its checkpoints."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import Batch, Claim
from jobs.database.tables.jobs import Artifact
from jobs.errors import NoSuchFileError
from jobs.files.artifacts import ArtifactStore

_OF_ATTEMPT = re.compile(r"[^/]+/(?:checkpoints/)?attempt-(\d+)-")


def checkpoint_key(claim: Claim, step: int) -> str:
    """Return the key of a checkpoint of an attempt."""
    return f"{claim.job_id}/checkpoints/attempt-{claim.attempt}-step-{step}.pt"


def file_key(claim: Claim, name: str) -> str:
    """Return the key of another file of an attempt."""
    return f"{claim.job_id}/attempt-{claim.attempt}-{name}"


def unnamed(session: Session, store: ArtifactStore, claim: Claim) -> list[str]:
    """Return the keys of files of an attempt, and of earlier attempts at its job, that no row refers to.

    Files of later attempts are left out: the row of a stored file may not be committed yet.
    """
    keys = store.keys_of(claim.job_id)
    named = set(session.scalars(select(Artifact.key).where(Artifact.job_id == claim.job_id)))
    return [key for key in keys if key not in named and _attempt_of(key) <= claim.attempt]


def _attempt_of(key: str) -> float:
    found = _OF_ATTEMPT.match(key)
    return float("inf") if found is None else int(found[1])


def keep(session: Session, job_id: str, batch: Batch) -> None:
    """Record the files of a batch. Each replaces the earlier file of its kind."""
    for kind, step, stored in batch.files:
        for old in queries.files_of(session, job_id, kind):
            session.delete(old)
        session.flush()
        session.add(
            Artifact(
                job_id=job_id, key=stored.key, kind=kind, step=step, size_bytes=stored.size_bytes,
                sha256=stored.sha256, created_at=queries.now(session),
            ),
        )  # fmt: skip


def handed_out(session: Session, job_id: str, kind: str) -> Artifact:
    """Return the ``model`` of a training, or its ``card``.

    Raises:
        JobNotFoundError: There is no such job.
        NoSuchFileError: It has none, or not yet.
    """
    job = queries.get_job(session, job_id)
    found = queries.files_of(session, job_id, kind)
    if found:
        return found[0]
    if job.kind != "train":
        raise NoSuchFileError(job_id, "model", f"it is a {job.kind} job, and only trainings have one")
    raise NoSuchFileError(job_id, "model", f"it is {job.status}, and a training has one when it has succeeded")


def checkpoint_at(session: Session, job_id: str, step: int) -> Artifact:
    """Return the stored checkpoint after ``step`` steps.

    Raises:
        JobNotFoundError: There is no such job.
        NoSuchFileError: None was taken there, it is no longer kept, or it is damaged.
    """
    job = queries.get_job(session, job_id)
    rows = queries.checkpoints_of(session, job.id)
    found = [row for row in rows if row.step == step]
    sound = [row for row in found if row.damaged_at is None]
    if sound:
        return sound[0]
    if found:
        raise NoSuchFileError(job_id, f"checkpoint after step {step}", "its file is damaged")
    kept = ", ".join(str(row.step) for row in rows) or "none"
    raise NoSuchFileError(job_id, f"checkpoint after step {step}", f"kept are: {kept}")
