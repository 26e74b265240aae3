"""Renews the lease of a running job in its own thread, and reads cancellation requests at the same time."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from jobs.database.availability import PASSING
from jobs.database.records import Claim, LeaseSignals
from jobs.database.session import Database
from jobs.errors import StaleAttemptError
from jobs.lifecycle import claims


class Renew(Protocol):
    """Renews a lease and returns its signals; raises StaleAttemptError if the job is no longer this attempt's."""

    def __call__(self, database: Database, claim: Claim, *, lease_s: float) -> LeaseSignals:
        """Renew the lease."""


log = logging.getLogger(__name__)

T = TypeVar("T")

RENEWALS_PER_LEASE = 4
GUARD_EVERY_S = 0.25
RETRY_S = 0.5
LONGEST_PAUSE_S = 1.0  # so that a cancel is noticed soon, however long the lease


class Lease:
    """A context manager that renews the lease.

    Attributes:
        cancel: Set when a user has cancelled the job.
        kill: Set when the user wants no checkpoint first.
        overdue: Set when the job has exceeded its running time.
        torn: Set when another node of the job is lost or has failed.
        leaving: Set when the worker of another node is shutting down.
        lost: Set when the job is no longer this attempt's, or when the lease may have expired because SQL did not
            answer.
    """

    def __init__(self, database: Database, claim: Claim, lease_s: float, *, renew: Renew = claims.renew) -> None:
        self._database, self.claim, self._lease_s, self._renew = database, claim, lease_s, renew
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease {claim.job_id}", daemon=True)
        self._guard = threading.Thread(target=self._watch, name=f"guard {claim.job_id}", daemon=True)
        self._renewed_at = time.monotonic()
        self._end_ranks: Callable[[], None] = lambda: None
        self.cancel, self.kill, self.overdue = threading.Event(), threading.Event(), threading.Event()
        self.torn, self.leaving = threading.Event(), threading.Event()
        self.lost = threading.Event()

    @property
    def ends_attempt(self) -> bool:
        """Whether a signal was received that ends the ranks."""
        heard = (self.cancel, self.overdue, self.torn, self.leaving, self.lost)
        return any(event.is_set() for event in heard)

    def ends(self, ranks: Callable[[], None]) -> None:
        """Set the function that ends the ranks if the lease is lost. Any thread may call it: one may hang in SQL."""
        self._end_ranks = ranks

    def retry(self, write: Callable[[], T]) -> T:
        """Repeat a write or a query while SQL does not answer and the lease holds.

        Raises:
            StaleAttemptError: SQL did not answer until the lease may have expired.
        """
        while True:
            try:
                return write()
            except PASSING as error:
                if self.lost.is_set():
                    raise StaleAttemptError(self.claim.job_id, self.claim.attempt) from error
                log.warning("SQL does not answer; trying again", exc_info=True)
                time.sleep(RETRY_S)

    def __enter__(self) -> Self:
        self._thread.start()
        self._guard.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._guard.join()
        self._thread.join(LONGEST_PAUSE_S)  # it may hang in SQL; its late writes are fenced

    def _watch(self) -> None:
        """Watch for the end of the lease without SQL, which may hang."""
        while not self._done.wait(GUARD_EVERY_S):
            if self.lost.is_set():
                self._end_ranks()
            elif time.monotonic() - self._renewed_at > self._lease_s:
                log.warning("%s: the lease may have expired: its ranks are ended", self.claim.job_id)
                self.lost.set()

    def _keep(self) -> None:
        pause = min(self._lease_s / RENEWALS_PER_LEASE, LONGEST_PAUSE_S)
        while not self._done.wait(pause):
            try:
                begun = time.monotonic()
                signals = self._renew(self._database, self.claim, lease_s=self._lease_s)
                for name in ("cancel", "kill", "overdue", "torn", "leaving"):
                    if getattr(signals, name):
                        getattr(self, name).set()
                self._renewed_at = begun
            except StaleAttemptError:
                self.lost.set()
            except SQLAlchemyError:
                log.warning("lease of %s not renewed: SQL does not answer", self.claim.job_id, exc_info=True)
            if self.lost.is_set():
                return


class HeldLeases:
    """The leases of the attempts on this worker, by job and attempt. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, int], Lease] = {}

    @contextmanager
    def keeping(self, claim: Claim, lease: Lease) -> Iterator[None]:
        """Register a lease while its attempt runs."""
        with self._lock:
            self._kept[claim.job_id, claim.attempt] = lease
        try:
            yield
        finally:
            with self._lock:
                del self._kept[claim.job_id, claim.attempt]

    def has(self, job_id: str, attempt: int) -> bool:
        """Return whether an attempt runs here and still owns its job."""
        with self._lock:
            lease = self._kept.get((job_id, attempt))
        return lease is not None and not lease.lost.is_set()
