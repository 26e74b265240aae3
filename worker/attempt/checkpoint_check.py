"""Checks the checkpoint of a claim against its stored SHA-256, before the ranks start and without locks."""

import logging

from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.errors import TrainingError
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import damaged_checkpoints
from jobs.status import Reason

log = logging.getLogger(__name__)


def sound_claim(database: Database, store: ArtifactStore, claim: Claim) -> Claim:
    """Return the claim with the newest sound checkpoint. Damaged ones are recorded and skipped.

    It may be called again if SQL did not answer.

    Raises:
        TrainingError: The weights that a range test starts from are damaged (`Reason.INVALID_DATA`), or the checkpoint
            of a job on several nodes is (`Reason.CHECKPOINT_DAMAGED`): the other nodes already use it.
        StaleAttemptError: The job is no longer this attempt's.
    """
    _refuse_damaged_start(database, store, claim)
    while claim.resume is not None:
        why = store.fault(claim.resume.key, claim.resume.sha256)
        if why is None:
            break
        log.warning("%s: the checkpoint after step %s is damaged: %s", claim.job_id, claim.resume_step, why)
        if claim.node is not None:
            raise TrainingError(Reason.CHECKPOINT_DAMAGED, why)
        claim = damaged_checkpoints.pass_over(database, claim, why)
    return claim


def _refuse_damaged_start(database: Database, store: ArtifactStore, claim: Claim) -> None:
    start = claim.start
    if start is None:
        return
    why = store.fault(start.key, start.sha256)
    if why is None:
        return
    damaged_checkpoints.note(database, start, why)
    raise TrainingError(
        Reason.INVALID_DATA,
        f"range_test.start_from: the checkpoint of {start.job_id} after step {start.step} is damaged: {why}. Submit "
        "the range test again: it starts from the newest checkpoint that is sound",
    )
