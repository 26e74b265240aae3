"""Time limits of jobs on the database's clock: for waiting, for running, and for the pause after a lost attempt.

``deadline_at`` of a job's row is the end of its waiting time while it is queued, and of its running time while it runs.
A job that waits for another job has none, since the other job has its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.database.tables.jobs import Job

GROWTH = 2.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses after lost attempts: ``first_s`` after the first, doubled after each further one, up to ``most_s``."""

    first_s: float = 0.0
    most_s: float = 0.0

    def after(self, failures: int) -> float:
        """Return the seconds to wait after a number of lost attempts."""
        if failures <= 0 or not self.first_s:
            return 0.0
        return float(min(self.first_s * GROWTH ** min(failures - 1, 100), self.most_s))


NO_BACKOFF = Backoff()


def of_waiting(spec: Mapping[str, Any], now: float) -> float | None:
    """Return the time until which a job queued at ``now`` may wait; None for no limit."""
    longest = spec.get("max_queue_s")
    return None if longest is None else now + float(longest)


def of_running(job: Job, now: float) -> float | None:
    """Return the time until which an attempt that begins now may run. The time of earlier attempts is subtracted."""
    longest = job.spec.get("max_runtime_s")
    return None if longest is None else now + max(float(longest) - job.ran_s, 0.0)


def too_long(job: Job) -> dict[str, str]:
    """Return the error of a job that waited or ran too long."""
    limit, did = ("max_queue_s", "waited") if job.status == "queued" else ("max_runtime_s", "ran")
    return {
        "code": "deadline_exceeded",
        "message": f"the job {did} longer than {limit} = {job.spec.get(limit):g} s; resume it to give it as long again",
    }
