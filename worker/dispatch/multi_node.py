"""This worker as one node of a job on several workers: it reserves a node, waits for the others, leads or follows."""

import logging
import math
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from jobs.database.records import Claim, FailureDocument
from jobs.errors import TrainingError
from jobs.lifecycle import claim_nodes
from jobs.lifecycle.claim_nodes import AssemblyLimits, WorkerCapacity
from jobs.scheduling import node_reservations
from jobs.scheduling.node_reservations import NodeReservation
from jobs.status import Reason
from worker.attempt import dataset_cache
from worker.attempt.lease import Lease
from worker.attempt.rank_groups import Devices, Groups, IdleSlots
from worker.attempt.supervisor import POLL_S, Supervisor
from worker.launch.launcher import NotStartedError
from worker.launch.network import free_port
from worker.rundir import directory
from worker.rundir.failures import failure, of_a_file

log = logging.getLogger(__name__)

ATTEND_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class MultiNodeRunner:
    """Runs this worker's part of jobs on several nodes; any number of threads may use it at the same time.

    Attributes:
        supervisor: Runs the attempts that this worker leads; the parts of others go through its launcher.
        worker: Name of this worker.
        address: Where other nodes reach its ranks.
    """

    supervisor: Supervisor
    worker: str
    address: str

    @property
    def limits(self) -> AssemblyLimits:
        """How long things may take."""
        return AssemblyLimits(self.supervisor.settings.gather_s, self.supervisor.settings.lease_s)

    def reserve(self, slots: int, free: int) -> NodeReservation | None:
        """Reserve a node of the job whose turn it is, if that job has several nodes."""
        capacity = WorkerCapacity(self.worker, self.address, slots, free)
        most = self.supervisor.settings.max_running_jobs
        return claim_nodes.reserve(self.supervisor.database, capacity, self.limits, max_running=most)

    def run(self, reservation: NodeReservation, devices: Devices, idle_slots: IdleSlots) -> None:
        """Wait for the other nodes and do this node's part. When this returns its processes are gone."""
        claim = self._wait(reservation)
        if claim is None:
            return
        log.info("%s attempt %s: node %s of %s", claim.job_id, claim.attempt, reservation.node, reservation.nodes)
        if reservation.node == 0:
            self.supervisor.run(claim, devices, idle_slots)
        else:
            self._follow(claim, devices, idle_slots)

    def _wait(self, reservation: NodeReservation) -> Claim | None:
        """Renew the reservation until the job begins; None if it does not begin."""
        database, stopping = self.supervisor.database, self.supervisor.stopping
        while not stopping.wait(ATTEND_EVERY_S):
            try:
                found = claim_nodes.attend(database, reservation, self.limits, port=free_port(self.address))
            except SQLAlchemyError:
                log.warning("%s: SQL does not answer; the reservation may be lost", reservation.job_id, exc_info=True)
                continue
            if isinstance(found, Claim):
                return found
            if not found:
                return None
        node_reservations.give_up(database, reservation)
        return None

    def _follow(self, claim: Claim, devices: Devices, idle_slots: IdleSlots) -> None:
        """Run the ranks of a node that does not lead, and tell node 0 how they ended."""
        supervisor = self.supervisor
        run_dir = directory.of(supervisor.settings.runs_dir, claim)
        groups = supervisor.groups(claim, idle_slots)
        dataset = dataset_cache.in_use(claim.job.conditions.dataset, supervisor.store, supervisor.settings)
        lease = Lease(supervisor.database, claim, supervisor.settings.lease_s, renew=node_reservations.renew)
        with lease, ExitStack() as until_the_end:
            lease.ends(groups.end_processes)
            try:
                until_the_end.enter_context(dataset)
                supervisor.write_plan(claim, run_dir)
                groups.start(run_dir, devices)
                self._await_end(claim, groups, lease)
                failures = self._failures(groups, run_dir)
            except TrainingError as error:
                failures = [failure(error.reason, str(error))]
            except NotStartedError as error:
                failures = [failure(Reason.WORKER_LOST, f"worker {self.worker}: {error}")]
            except OSError as error:
                failures = [of_a_file(error).document()]
            finally:
                groups.kill()
            if not lease.lost.is_set():
                lease.retry(lambda: node_reservations.report(supervisor.database, claim, failures))
        directory.tidy(run_dir)

    def _await_end(self, claim: Claim, groups: Groups, lease: Lease) -> None:
        """Return when the ranks have ended, or must; a worker that is to end has node 0 stop all of them first."""
        supervisor, leave_by = self.supervisor, math.inf
        while groups.is_alive() and not lease.lost.is_set() and time.monotonic() < leave_by:
            if supervisor.stopping.is_set() and leave_by == math.inf:
                leave_by = time.monotonic() + supervisor.settings.stop_grace_s
                lease.retry(lambda: node_reservations.leave(supervisor.database, claim))
            time.sleep(POLL_S)

    def _failures(self, groups: Groups, run_dir: Path) -> list[FailureDocument]:
        found = directory.failures(run_dir)
        if found or groups.is_alive() or not groups.has_failed():
            return found
        return [failure(Reason.WORKER_LOST, f"the agent of worker {self.worker} ended without a word")]
