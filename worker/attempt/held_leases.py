"""The leases that this process holds, which its reaper must not take back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.database.records import Claim
from worker.attempt.lease import Lease


class HeldLeases:
    """The leases of the attempts that run here, by job and attempt; for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, int], Lease] = {}

    @contextmanager
    def keeping(self, claim: Claim, lease: Lease) -> Iterator[None]:
        """Know of a lease while its attempt runs."""
        with self._lock:
            self._kept[claim.job_id, claim.attempt] = lease
        try:
            yield
        finally:
            with self._lock:
                del self._kept[claim.job_id, claim.attempt]

    def has(self, job_id: str, attempt: int) -> bool:
        """Whether an attempt runs here and has not given its job up."""
        with self._lock:
            lease = self._kept.get((job_id, attempt))
        return lease is not None and not lease.lost.is_set()
