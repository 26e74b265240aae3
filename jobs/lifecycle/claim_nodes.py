"""How workers come by jobs of several nodes: they take seats, wait for the others, and begin together."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.database.tables import Gathering, Job, Seat
from jobs.lifecycle import claims
from jobs.scheduling import fair_share, node_reservations
from jobs.scheduling.node_reservations import Place
from jobs.status import Status


@dataclass(frozen=True, slots=True)
class Offer:
    """What a worker has for jobs of several nodes: where it is reached, its slots and how many of them are free."""

    worker: str
    address: str
    slots: int
    free: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a job may gather (and pauses at first if that was too short), and how long seats and claims hold."""

    gather_s: float
    lease_s: float


def sit(database: Database, offer: Offer, terms: Terms, *, max_running: int | None = None) -> Place | None:
    """Take a seat of the job whose turn it is, where that runs on several nodes and fits the free slots."""
    with database.write() as session:
        job = fair_share.next_claimable(session, offer.slots, max_running, offer.worker)
        if job is None or job.nodes == 1 or job.slots > offer.free * job.nodes:
            return None
        return node_reservations.take(
            session, job, worker=offer.worker, address=offer.address, gather_s=terms.gather_s, lease_s=terms.lease_s
        )


def attend(database: Database, place: Place, terms: Terms, *, port: int) -> Claim | bool:
    """Keep a seat, and begin once all seats of the job are held: node 0 claims the job, the others hear of it.

    Args:
        database: Where the job is.
        place: The seat.
        terms: How long things may take.
        port: Where node 0 would wait for the others.

    Returns:
        What to run; else whether to go on waiting: the seat is gone where not.
    """
    with database.write() as session:
        gathering = node_reservations.hold_gathering(session)
        seat = session.scalar(select(Seat).where(place.is_mine()))
        if seat is None:
            return False
        job, now = queries.lock_job(session, place.job_id), queries.now(session)
        seat.expires_at = now + terms.lease_s
        if job.status == Status.RUNNING and job.attempt == place.attempt:
            leader = node_reservations.of_job(session, job.id)[0]
            return replace(claims.claim_of(session, job), node=node_reservations.node_of(place, leader))
        if job.status != Status.QUEUED or job.attempt + 1 != place.attempt or gathering.job_id != job.id:
            session.delete(seat)
            return False
        if gathering.until <= now:
            node_reservations.give_all_up(session, gathering, job, terms.gather_s)
            return False
        return _begin(session, gathering, job, place, port, terms.lease_s) if place.node == 0 else True


def _begin(session: Session, gathering: Gathering, job: Job, place: Place, port: int, lease_s: float) -> Claim | bool:
    """Claim the job for node 0 if all of its seats are held, and say where the nodes meet."""
    session.flush()
    now = queries.now(session)
    held = [seat for seat in node_reservations.of_job(session, job.id) if seat.expires_at > now]
    if len(held) < job.nodes:
        return True
    gathering.job_id = None
    held[0].port = port
    node = node_reservations.node_of(place, held[0])
    workers = [seat.worker for seat in held]
    claim = claims.claim(session, job, worker=place.worker, lease_s=lease_s, workers=workers)
    return claim is not None and replace(claim, node=node)
