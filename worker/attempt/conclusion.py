"""Ends an attempt in SQL: the job ends as its ranks did, or another attempt follows."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.config.settings import Settings
from jobs.database.availability import PASSING
from jobs.database.records import Claim, FailureDocument
from jobs.database.session import Database
from jobs.errors import StaleAttemptError
from jobs.files import downloads
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import damaged_checkpoints, finish
from jobs.scheduling import node_reservations
from jobs.scheduling.deadlines import Backoff
from jobs.status import Outcome, Reason
from worker.attempt.lease import RETRY_S, Lease
from worker.rundir import directory

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Ends one attempt in SQL. Every method can be repeated if SQL did not answer; each returns jobs that may run now.

    Raises:
        StaleAttemptError: The job is no longer this attempt's.
    """

    database: Database
    store: ArtifactStore
    settings: Settings
    claim: Claim

    def conclude(self, result: dict[str, Any] | None, run_dir: Path, lease: Lease, *, is_stopping: bool) -> list[str]:
        """End the attempt by what its ranks reported, what was asked for meanwhile, and how they failed.

        Args:
            result: What rank 0 reported at its end; None if it did not come to it.
            run_dir: Where ranks and agents wrote down their failures.
            lease: Knows whether the job was cancelled, is overdue, or was taken back.
            is_stopping: Whether this worker is to end.
        """
        if lease.lost.is_set():
            raise StaleAttemptError(self.claim.job_id, self.claim.attempt)
        if result is not None:
            return finish.succeed(self.database, self.claim, result)
        if lease.cancel.is_set():
            return finish.cancelled(self.database, self.claim)
        if lease.overdue.is_set():
            return finish.ran_too_long(self.database, self.claim)
        if is_stopping or (lease.leaving.is_set() and not lease.torn.is_set()):
            return self._give_back(Outcome.HANDED_BACK)
        return self._failed(run_dir)

    def fail(self, reason: Reason, message: str) -> list[str]:
        """End the attempt; the job fails only if another attempt would fail for the same reason."""
        if reason is Reason.WORKER_LOST:
            return self.lose(message)
        if reason is Reason.DISK_FULL:
            log.warning("%s: %s", self.claim.job_id, message)
            return self._give_back(Outcome.DISK_FULL, message)
        if reason is not Reason.CHECKPOINT_DAMAGED:
            return finish.fail(self.database, self.claim, reason, message)
        log.warning("%s: %s", self.claim.job_id, message)
        settings = self.settings
        backoff = Backoff(settings.backoff_s, settings.max_backoff_s)
        return damaged_checkpoints.give_back(
            self.database, self.claim, message, max_attempts=settings.max_attempts, backoff=backoff
        )  # fmt: skip

    def lose(self, cause: str) -> list[str]:
        """Give the attempt back as lost: the job goes on from its last checkpoint."""
        log.warning("%s attempt %s is lost: %s", self.claim.job_id, self.claim.attempt, cause)
        return self._give_back(Outcome.WORKER_LOST, cause)

    def remove_unnamed_files(self) -> None:
        """Remove files that no row names: replaced ones, and those of attempts that were lost before they said so."""
        try:
            with self.database.read() as session:
                keys = downloads.unnamed(session, self.store, self.claim)
            for key in keys:
                self.store.delete(key)
        except (*PASSING, OSError):
            log.warning("%s: files that no row names are left to the next attempt", self.claim.job_id, exc_info=True)

    def _failed(self, run_dir: Path) -> list[str]:
        found = directory.failures(run_dir)
        if self.claim.node is not None:
            found += self._failures_of_others()
        found.sort(key=lambda failure: failure["rank_of_cause"])
        if not found:  # whoever fails says so, and did not get to it
            return self.lose("the agent of the ranks, or the forkserver, was killed, and the ranks with it")
        cause = found[0]
        reason, message = Reason(cause["reason"]), cause["message"]
        if reason is Reason.DIVERGED and finish.start_again(self.database, self.claim, message):
            self.remove_unnamed_files()
            return [self.claim.job_id]
        return self.fail(reason, message)

    def _failures_of_others(self) -> list[FailureDocument]:
        """Why other nodes failed, waiting until all say: ranks that failed here may only have missed theirs.

        A lost node is known by its reservation, which holds for one lease.
        """
        deadline = time.monotonic() + self.settings.lease_s + RETRY_S
        while True:
            with self.database.read() as session:
                found, all_ended = node_reservations.failures_of_others(session, self.claim)
            if all_ended or time.monotonic() > deadline:
                return found
            time.sleep(RETRY_S / 5)

    def _give_back(self, outcome: Outcome, cause: str | None = None) -> list[str]:
        settings = self.settings
        backoff = Backoff(settings.backoff_s, settings.max_backoff_s)
        return finish.give_back(
            self.database, self.claim, outcome, max_attempts=settings.max_attempts, backoff=backoff, cause=cause
        )  # fmt: skip
