"""Faults that users cause: requests at a bad moment."""

import random
import time
import urllib.request
from functools import partial

from tests.chaos.faults.storage import ranks_of
from tests.chaos.rig import Rig


def cancel_while_lost(rig: Rig, chance: random.Random) -> str | None:
    """Kill a rank of a job, and cancel the job while its attempt is being taken for lost."""
    rows = rig.rows("SELECT id, attempt FROM jobs WHERE status = 'running' AND parent_id IS NULL AND slots > 0")
    if not rows:
        return None
    row = chance.choice(rows)
    if not (ranks := ranks_of(rig, row["id"], row["attempt"])):
        return None
    ranks[0].kill()
    rig.later(chance.uniform(0.3, 1.0), partial(_cancel, rig, chance, row["id"]))
    return str(row["id"])


def _cancel(rig: Rig, chance: random.Random, job_id: str) -> bool:
    """Whether the cancel was answered; it is asked for again where not."""
    request = urllib.request.Request(f"{chance.choice(rig.api_urls)}/v1/jobs/{job_id}/cancel", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5.0):
            rig.cancels.setdefault(job_id, time.time())
            return True
    except OSError:
        return False
