"""Takes waiting jobs from SQL while slots are free, and runs each in a thread of its own."""

import logging
import threading
import time
from dataclasses import dataclass

from jobs.config import logging_setup
from jobs.config.settings import Settings
from jobs.database.availability import PASSING
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.errors import StaleAttemptError
from jobs.lifecycle import claims, lost_claims
from jobs.scheduling import fair_share
from jobs.scheduling.node_reservations import NodeReservation
from worker.attempt.lease import HeldLeases
from worker.attempt.supervisor import Supervisor
from worker.dispatch.multi_node import MultiNodeRunner
from worker.dispatch.slots import Slots

log = logging.getLogger(__name__)


class Dispatcher:
    """Assigns waiting jobs to free slots, in the order of `jobs.scheduling.fair_share`.

    If the next job needs more slots than are free, no smaller job overtakes it. While ``draining`` is set, no job is
    taken. Jobs on several workers need ``multi_node``.
    """

    def __init__(
        self, *, name: str, database: Database, slots: Slots, supervisor: Supervisor, settings: Settings,
        multi_node: MultiNodeRunner | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.slots = slots
        self._database, self._supervisor = database, supervisor
        self._settings, self._multi_node = settings, multi_node
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._taken: set[tuple[str, int]] = set()  # attempts that run here
        self._unheard_until = 0.0  # until when to look for claims whose answer was lost
        self.draining = threading.Event()
        self.wanted = threading.Event()

    def wake(self) -> None:
        """Make `worker.dispatch.poller` poll SQL now."""
        self.wanted.set()

    def start_waiting(self) -> None:
        """Start jobs, each in its own thread, until none that waits fits the free slots."""
        self._give_back_unheard()
        while self._takes_jobs() and self._one_fits() and (taken := self._take_next()):
            found, devices = taken
            log.info("%s attempt %s: slots %s are taken", found.job_id, found.attempt, devices)
            thread = threading.Thread(target=self._run, args=taken, name=f"job {found.job_id}", daemon=True)
            try:
                thread.start()
            except BaseException:
                self._drop(found, devices)
                raise
            self._threads = [*(other for other in self._threads if other.is_alive()), thread]

    def join(self) -> None:
        """Wait until no job runs any more."""
        for thread in self._threads:
            thread.join()

    def _run(self, found: Claim | NodeReservation, devices: tuple[int, ...]) -> None:
        """Run one attempt, or one node's part of it. After an unexpected error the attempt loses its lease."""
        try:
            with logging_setup.words(job_id=found.job_id, attempt=found.attempt):
                self._supervise(found, devices)
        except StaleAttemptError:
            log.warning("%s attempt %s lost its lease; nothing more is written", found.job_id, found.attempt)
        except Exception:
            log.exception("%s attempt %s: the worker failed", found.job_id, found.attempt)
        finally:
            self._drop(found, devices)
            self.wake()

    def _drop(self, found: Claim | NodeReservation, devices: tuple[int, ...]) -> None:
        self._taken.discard((found.job_id, found.attempt))
        self.free(devices)

    def _supervise(self, found: Claim | NodeReservation, devices: tuple[int, ...]) -> None:
        idle_slots = _IdleSlots(self)
        if isinstance(found, Claim):
            self._supervisor.run(found, devices, idle_slots)
        elif self._multi_node is not None:
            self._multi_node.run(found, devices, idle_slots)

    @property
    def leases(self) -> HeldLeases:
        """The leases of the attempts that run here."""
        return self._supervisor.leases

    def free(self, devices: tuple[int, ...]) -> None:
        """Free slots, or quarantine them if their device failed or their processes have not ended."""
        kept = {device: self._supervisor.kept.pop(device) for device in devices if device in self._supervisor.kept}
        for device, is_usable in kept.items():
            self.slots.quarantine((device,), is_usable)
        self.slots.give_back(tuple(device for device in devices if device not in kept))

    def _one_fits(self) -> bool:
        """Return whether a claim is worth a write transaction."""
        if not self.slots.free:
            return False
        job = self.waiting()
        return job is not None and job.slots <= self.slots.free * job.nodes

    def waiting(self) -> Job | None:
        """Return the next job in the queue that this worker could run."""
        with self._database.read() as session:
            most, worker = self._settings.max_running_jobs, None if self._multi_node is None else self.name
            return fair_share.next_claimable(session, self.slots.usable, most, worker)

    def lend(self, count: int) -> tuple[int, ...] | None:
        """Take free slots that no job waits for; None if this worker takes no more jobs."""
        with self._lock:  # no job is claimed meanwhile
            if count > self.slots.free or not self._takes_jobs() or self.waiting() is not None:
                return None
            return self.slots.take(count)

    def _takes_jobs(self) -> bool:
        return not (self._supervisor.stopping.is_set() or self.draining.is_set())

    def _give_back_unheard(self) -> None:
        """Requeue jobs of claims whose answer was lost. Look for them as long as such a lease may hold."""
        if time.monotonic() >= self._unheard_until:
            return
        with self._lock:
            most = self._settings.max_attempts
            lost_claims.give_back(self._database, self.name, lambda *each: each in self._taken, max_attempts=most)

    def _take_next(self) -> tuple[Claim | NodeReservation, tuple[int, ...]] | None:
        with self._lock:
            try:
                taken = self._claim_next()
            except PASSING:
                self._unheard_until = time.monotonic() + self._settings.lease_s
                raise
            if taken is not None:
                self._taken.add((taken[0].job_id, taken[0].attempt))
            return taken

    def _claim_next(self) -> tuple[Claim | NodeReservation, tuple[int, ...]] | None:
        claim = claims.claim_next(
            self._database, worker=self.name, slots=self.slots.usable, free=self.slots.free,
            lease_s=self._settings.lease_s, max_running=self._settings.max_running_jobs,
            takes_seats=self._multi_node is not None,
        )  # fmt: skip
        if claim is None and self._multi_node is not None:
            reservation = self._multi_node.reserve(self.slots.usable, self.slots.free)
            return None if reservation is None else (reservation, self.slots.take(reservation.slots))
        return None if claim is None else (claim, self.slots.take(claim.slots))


@dataclass(frozen=True, slots=True)
class _IdleSlots:
    """See `worker.attempt.rank_groups.IdleSlots`."""

    dispatcher: Dispatcher

    def take(self, count: int) -> tuple[int, ...] | None:
        return self.dispatcher.lend(count)

    def give_back(self, devices: tuple[int, ...]) -> None:
        self.dispatcher.free(devices)
        self.dispatcher.wake()

    def are_wanted(self) -> bool:
        return self.dispatcher.waiting() is not None
