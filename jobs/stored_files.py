"""Files that a training hands out: its model, the card of the model, and its checkpoints."""

from sqlalchemy.orm import Session

from jobs import repository
from jobs.errors import NoSuchFileError
from jobs.models import Artifact
from jobs.rows import Batch


def keep(session: Session, job_id: str, batch: Batch) -> list[str]:
    """Record the files of a batch; an earlier one of the same kind goes.

    Returns:
        Keys of files that nothing refers to any more.
    """
    surplus = []
    for kind, step, stored in batch.files:
        for old in repository.files_of(session, job_id, kind):
            surplus += [old.key] if old.key != stored.key else []
            session.delete(old)
        session.flush()
        session.add(
            Artifact(
                job_id=job_id, key=stored.key, kind=kind, step=step, size_bytes=stored.size_bytes,
                sha256=stored.sha256, created_at=repository.now(session),
            ),
        )  # fmt: skip
    return surplus


def handed_out(session: Session, job_id: str, kind: str) -> Artifact:
    """The ``model`` of a training, or its ``card``.

    Raises:
        JobNotFoundError: There is no such job.
        NoSuchFileError: It has none, or none yet.
    """
    job = repository.get_job(session, job_id)
    found = repository.files_of(session, job_id, kind)
    if found:
        return found[0]
    if job.kind != "train":
        raise NoSuchFileError(job_id, "model", f"it is a {job.kind} job, and only trainings have one")
    raise NoSuchFileError(job_id, "model", f"it is {job.status}, and a training has one when it has succeeded")


def checkpoint_at(session: Session, job_id: str, step: int) -> Artifact:
    """The stored checkpoint after ``step`` steps.

    Raises:
        JobNotFoundError: There is no such job.
        NoSuchFileError: None was taken there, or it is no longer kept.
    """
    job = repository.get_job(session, job_id)
    rows = repository.checkpoints_of(session, job.id)
    for row in rows:
        if row.step == step:
            return row
    kept = ", ".join(str(row.step) for row in rows) or "none"
    raise NoSuchFileError(job_id, f"checkpoint after step {step}", f"kept are: {kept}")
