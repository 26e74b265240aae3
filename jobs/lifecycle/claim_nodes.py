"""Claims jobs of several nodes: workers reserve nodes, wait until all are reserved, and start together."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.database.tables.service import AssemblyLock, ReservedNode
from jobs.lifecycle import claims
from jobs.scheduling import fair_share, node_reservations
from jobs.scheduling.node_reservations import NodeReservation
from jobs.status import Status


@dataclass(frozen=True, slots=True)
class WorkerCapacity:
    """What a worker offers to jobs of several nodes: its address, its slots and how many of them are free."""

    worker: str
    address: str
    slots: int
    free: int


@dataclass(frozen=True, slots=True)
class AssemblyLimits:
    """How long a job may gather nodes (and pauses if that was too short), and how long reservations and claims hold."""

    gather_s: float
    lease_s: float


def reserve(
    database: Database, capacity: WorkerCapacity, limits: AssemblyLimits, *, max_running: int | None = None
) -> NodeReservation | None:
    """Reserve a node of the job whose turn it is, if that job has several nodes and fits the free slots."""
    with database.write() as session:
        job = fair_share.next_claimable(session, capacity.slots, max_running, capacity.worker)
        if job is None or job.nodes == 1 or job.slots > capacity.free * job.nodes:
            return None
        return node_reservations.take(
            session,
            job,
            worker=capacity.worker,
            address=capacity.address,
            gather_s=limits.gather_s,
            lease_s=limits.lease_s,
        )


def attend(database: Database, reservation: NodeReservation, limits: AssemblyLimits, *, port: int) -> Claim | bool:
    """Renew a reservation, and begin when all nodes are reserved: node 0 claims the job, the others follow.

    Args:
        database: Where the job is.
        reservation: The node that this worker has reserved.
        limits: How long each step may take.
        port: Where node 0 would wait for the others.

    Returns:
        The claim to run, else whether to wait on: False if the reservation is gone.
    """
    with database.write() as session:
        assembly = node_reservations.hold_assembly_lock(session)
        reserved = session.scalar(select(ReservedNode).where(reservation.is_mine()))
        if reserved is None:
            return False
        job, now = queries.lock_job(session, reservation.job_id), queries.now(session)
        reserved.expires_at = now + limits.lease_s
        if job.status == Status.RUNNING and job.attempt == reservation.attempt:
            leader = node_reservations.of_job(session, job.id)[0]
            return replace(claims.claim_of(session, job), node=node_reservations.node_of(reservation, leader))
        if job.status != Status.QUEUED or job.attempt + 1 != reservation.attempt or assembly.job_id != job.id:
            session.delete(reserved)
            return False
        if assembly.until <= now:
            node_reservations.give_all_up(session, assembly, job, limits.gather_s)
            return False
        return _begin(session, assembly, job, reservation, port, limits.lease_s) if reservation.node == 0 else True


def _begin(
    session: Session, assembly: AssemblyLock, job: Job, reservation: NodeReservation, port: int, lease_s: float
) -> Claim | bool:
    """Claim the job for node 0 if all of its nodes are reserved, and say where the nodes meet."""
    session.flush()
    now = queries.now(session)
    held = [reserved for reserved in node_reservations.of_job(session, job.id) if reserved.expires_at > now]
    if len(held) < job.nodes:
        return True
    assembly.job_id = None
    held[0].port = port
    node = node_reservations.node_of(reservation, held[0])
    workers = [reserved.worker for reserved in held]
    claim = claims.claim(session, job, worker=reservation.worker, lease_s=lease_s, workers=workers)
    return claim is not None and replace(claim, node=node)
