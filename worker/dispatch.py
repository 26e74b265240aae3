"""Takes waiting jobs from SQL while slots are free. A message is only a doorbell: what runs next, SQL says."""

import logging
import threading
from dataclasses import dataclass

from jobs import lifecycle, logs, turns
from jobs.db import Database
from jobs.errors import BrokerUnreachableError
from jobs.models import Job
from jobs.queue import Doorbell, worker_queue
from jobs.rows import Claim
from jobs.settings import Settings
from worker.slots import Slots
from worker.supervise import Supervisor

log = logging.getLogger(__name__)


class Dispatcher:
    """Brings waiting jobs and free slots together, in the order of `jobs.turns`.

    A job that needs more slots than are free right now is not overtaken by a smaller one behind it. While ``draining``
    is set nothing is taken.
    """

    def __init__(
        self, *, name: str, database: Database, slots: Slots, supervisor: Supervisor, doorbell: Doorbell,
        settings: Settings,
    ) -> None:  # fmt: skip
        self.name = name
        self.slots = slots
        self._database, self._supervisor, self._doorbell = database, supervisor, doorbell
        self._settings = settings
        self._lock = threading.Lock()
        self.draining = threading.Event()

    def run_waiting(self) -> None:
        """Run jobs one after the other until none waits that fits the free slots."""
        while self._takes_jobs() and (taken := self._take_next()):
            claim, devices = taken
            if self.slots.free:
                self.ring(claim.job_id)  # another thread looks for more
            log.info("%s attempt %s starts on slots %s", claim.job_id, claim.attempt, devices)
            try:
                with logs.words(job_id=claim.job_id, attempt=claim.attempt):
                    self._supervisor.run(claim, devices, _Spare(self, claim.job_id))
            finally:
                self.free(devices)

    def free(self, devices: tuple[int, ...]) -> None:
        """Return slots to those that are free, or quarantine them where their processes could not be ended."""
        unkilled = self._supervisor.unkilled.pop(devices, None)
        if unkilled is None:
            self.slots.give_back(devices)
        else:
            self.slots.quarantine(devices, unkilled.are_gone)

    def look(self) -> None:
        """Ring for ourselves if a job waits that fits the free slots: its own bell may have been lost."""
        job = self.waiting()
        if job is not None and job.slots <= self.slots.free and self._takes_jobs():
            self.ring(job.id)

    def waiting(self) -> Job | None:
        """The job at the head of the queue among those that this worker could run."""
        with self._database.read() as session:
            return turns.next_claimable(session, self.slots.usable, self._settings.max_running_jobs)

    def lend(self, count: int) -> tuple[int, ...] | None:
        """Free slots that no job waits for; none of a worker that takes no more."""
        with self._lock:  # no job is claimed meanwhile
            if count > self.slots.free or not self._takes_jobs() or self.waiting() is not None:
                return None
            return self.slots.take(count)

    def _takes_jobs(self) -> bool:
        return not (self._supervisor.stopping.is_set() or self.draining.is_set())

    def ring(self, job_id: str) -> None:
        """Wake a thread of this worker; a broker that is down is no error, the sweep tries again."""
        try:
            self._doorbell.ring(job_id, queue=worker_queue(self.name))
        except BrokerUnreachableError as error:
            log.warning("%s", error)

    def _take_next(self) -> tuple[Claim, tuple[int, ...]] | None:
        with self._lock:
            claim = lifecycle.claim_next(
                self._database, worker=self.name, slots=self.slots.usable, free=self.slots.free,
                lease_s=self._settings.lease_s, max_running=self._settings.max_running_jobs,
            )  # fmt: skip
            return None if claim is None else (claim, self.slots.take(claim.slots))


@dataclass(frozen=True, slots=True)
class _Spare:
    """See `worker.groups.Spare`."""

    dispatcher: Dispatcher
    job_id: str

    def take(self, count: int) -> tuple[int, ...] | None:
        return self.dispatcher.lend(count)

    def give_back(self, devices: tuple[int, ...]) -> None:
        self.dispatcher.free(devices)
        self.dispatcher.ring(self.job_id)  # another thread looks for more

    def are_wanted(self) -> bool:
        return self.dispatcher.waiting() is not None
