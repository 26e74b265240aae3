"""Range tests that start from the weights of a training."""

from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.errors import UnusableStartError
from jobs.spec.conditions import Conditions
from jobs.spec.job import LrFindSpec
from jobs.spec.resolved import Checkpoint
from jobs.status import TERMINAL


def resolve_start(session: Session, spec: LrFindSpec, conditions: Conditions) -> Checkpoint | None:
    """Return the checkpoint that a range test starts from, pinned; None if it names no job.

    Raises:
        JobNotFoundError: There is no such job.
        UnusableStartError: The job is no training, still runs, has no checkpoint, or has another model or dataset.
    """
    if spec.range_test.start_from is None:
        return None
    source = queries.lock_job(session, spec.range_test.start_from.from_job)
    if source.kind != "train":
        raise UnusableStartError(source.id, f"is a {source.kind} job, and only trainings have weights")
    if source.status not in TERMINAL:
        raise UnusableStartError(source.id, f"is {source.status}: its last checkpoint is known when it has ended")
    checkpoint = queries.latest_checkpoint(session, source.id)
    if checkpoint is None:
        raise UnusableStartError(source.id, "has no checkpoint")
    theirs = Conditions.model_validate(source.spec["conditions"])
    fixed = ("/conditions/model", "/conditions/dataset")
    differing = [field for field in conditions.differences(theirs) if field.startswith(fixed)]
    if differing:
        raise UnusableStartError(source.id, f"was trained with another {', '.join(differing)}")
    return Checkpoint(key=checkpoint.key, sha256=checkpoint.sha256, step=checkpoint.step or 0)
