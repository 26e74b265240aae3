"""How a rank says why it failed: one small file each, read by the supervisor."""

import json
from pathlib import Path
from typing import Any

from jobs.status import Reason

# Which of several failures is the cause: one that a user can act on, then a rank that was killed, and last whatever
# else broke, since peers of a rank that is gone fail too.
_RANK_OF_CAUSE = {Reason.WORKER_LOST: 1, Reason.INTERNAL_ERROR: 2}


def failure(reason: Reason, message: str) -> dict[str, Any]:
    """A failure as a document; of several, that with the lowest ``rank_of_cause`` is the cause."""
    return {"reason": reason, "message": message, "rank_of_cause": _RANK_OF_CAUSE.get(reason, 0)}


def write_failure(run_dir: Path, rank: int | str, reason: Reason, message: str) -> None:
    """Write ``failure-<rank>.json``, whole or not at all; for ``rank`` may stand who else noticed."""
    document = failure(reason, message)
    aside = run_dir / f"failure-{rank}.json.part"
    aside.write_text(json.dumps(document))
    aside.rename(run_dir / f"failure-{rank}.json")
