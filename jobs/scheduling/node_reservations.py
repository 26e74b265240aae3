"""Seats: the places of workers in a job that runs on several nodes. All of its seats are held, or it does not run.

One job gathers at a time, so that no two jobs hold seats that the other waits for. Which one, and for how long it may,
says the one row of `Gathering`; whoever takes, gives up or fills seats holds that row. A job whose time is up gives all
its seats up and pauses, longer each time, so that others go first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import Claim, Node, Wish
from jobs.database.session import Database, db_now
from jobs.database.tables import Event, Gathering, Job, Json, Seat
from jobs.errors import StaleAttemptError
from jobs.scheduling.deadlines import Backoff
from jobs.status import HELD, Reason, Status

LONGEST_PAUSE = 16  # times what gathering may take
NOT_GATHERED = "not_gathered"


@dataclass(frozen=True, slots=True)
class Place:
    """A seat that a worker has taken and that is its own until it lets it expire."""

    job_id: str
    attempt: int
    node: int
    nodes: int
    slots: int
    worker: str
    address: str

    def is_mine(self) -> ColumnElement[bool]:
        """Whether a row is that of this seat."""
        return (
            (Seat.job_id == self.job_id) & (Seat.node == self.node) & (Seat.attempt == self.attempt)
            & (Seat.worker == self.worker)
        )  # fmt: skip


def open_to(worker: str | None) -> ColumnElement[bool]:
    """Whether a worker may run a job, or a part of it; None is one that takes no part in jobs of several nodes."""
    if worker is None:
        return Job.nodes == 1
    another = exists().where(Gathering.job_id.is_not(None), Gathering.job_id != Job.id, Gathering.until > db_now())
    mine = exists().where(Seat.job_id == Job.id, Seat.attempt == Job.attempt + 1, Seat.worker == worker)
    unmatched = Job.reason.is_not_distinct_from(Reason.NO_MATCHING_WORKER)
    return or_(Job.nodes == 1, ~(another | mine | unmatched))


def hold_gathering(session: Session) -> Gathering:
    """The row of `Gathering`, held until the transaction ends."""
    return session.get_one(Gathering, 1, with_for_update=True, populate_existing=True)


def take(session: Session, job: Job, *, worker: str, address: str, gather_s: float, lease_s: float) -> Place | None:
    """Take a seat of a queued job in the caller's transaction.

    Returns:
        The seat; None where another job gathers, all seats are taken or this worker has one.
    """
    gathering, now = hold_gathering(session), queries.now(session)
    if gathering.job_id not in (None, job.id) and gathering.until > now:
        return None
    job = queries.lock_job(session, job.id)
    if job.status != Status.QUEUED:
        return None
    if gathering.job_id == job.id and gathering.until <= now:
        give_all_up(session, gathering, job, gather_s)  # whoever held seats is gone
        return None
    stale = Seat.expires_at <= now if gathering.job_id == job.id else Seat.expires_at.is_not(None)
    session.execute(delete(Seat).where(Seat.job_id == job.id, stale))
    if gathering.job_id != job.id:
        gathering.job_id, gathering.until = job.id, now + gather_s
    taken = {seat.node: seat.worker for seat in of_job(session, job.id)}
    left = sorted(set(range(job.nodes)) - set(taken))
    if not left or worker in taken.values():
        return None
    session.add(
        Seat(
            job_id=job.id, node=left[0], attempt=job.attempt + 1, worker=worker, address=address,
            expires_at=now + lease_s,
        ),
    )  # fmt: skip
    return Place(job.id, job.attempt + 1, left[0], job.nodes, job.slots // job.nodes, worker, address)


def of_job(session: Session, job_id: str) -> Sequence[Seat]:
    """Seats of a job's newest attempt, gathered or running, in order."""
    return session.scalars(select(Seat).where(Seat.job_id == job_id).order_by(Seat.node)).all()


def give_all_up(session: Session, gathering: Gathering, job: Job, gather_s: float) -> None:
    """End the gathering of a job without success, in the caller's transaction: it pauses before it tries again."""
    held = len(of_job(session, job.id))
    session.execute(delete(Seat).where(Seat.job_id == job.id))
    gathering.job_id = None
    tries = session.scalar(select(func.count()).where(Event.job_id == job.id, Event.type == NOT_GATHERED)) or 0
    pause_s, now = Backoff(gather_s, LONGEST_PAUSE * gather_s).after(tries + 1), queries.now(session)
    job.not_before, job.version = now + pause_s, job.version + 1
    data = {"seats": held, "nodes": job.nodes, "pause_s": pause_s}
    session.add(Event(job_id=job.id, at=now, type=NOT_GATHERED, data=data))


def give_up(database: Database, place: Place) -> None:
    """Leave a seat before its job has begun."""
    with database.write() as session:
        hold_gathering(session)
        session.execute(delete(Seat).where(place.is_mine()))


def renew(database: Database, claim: Claim, *, lease_s: float) -> Wish:
    """Keep the seat of a node other than the first for ``lease_s`` more seconds.

    Raises:
        StaleAttemptError: The attempt is over, or goes on without this node; its ranks must end.
    """
    with database.write(wait_s=lease_s, is_urgent=True) as session:
        held = exists().where(Job.id == claim.job_id, Job.attempt == claim.attempt, Job.status.in_(HELD))
        kept = session.execute(
            update(Seat)
            .where(_is_of(claim), held, Seat.expires_at > db_now())
            .values(expires_at=db_now() + lease_s)
            .returning(Seat.node),
        ).one_or_none()
        if kept is None:
            raise StaleAttemptError(claim.job_id, claim.attempt)
        return Wish()


def leave(database: Database, claim: Claim) -> None:
    """Tell node 0 that the worker of this node is to end."""
    with database.write() as session:
        session.execute(update(Seat).where(_is_of(claim)).values(leaving=True))


def report(database: Database, claim: Claim, failures: list[Json]) -> None:
    """Say that the ranks of this node have ended, and why where they failed."""
    with database.write() as session:
        session.execute(update(Seat).where(_is_of(claim)).values(failures=failures))


def of_others(session: Session, claim: Claim) -> Sequence[Seat]:
    """Seats of the other nodes of an attempt."""
    own = None if claim.node is None else claim.node.number
    rows = session.scalars(
        select(Seat)
        .where(Seat.job_id == claim.job_id, Seat.attempt == claim.attempt, Seat.node != own)
        .order_by(Seat.node),
    )
    return rows.all()


def wish_of(session: Session, claim: Claim, wish: Wish) -> Wish:
    """What node 0 is to do, from what its job's row asks and how the other nodes are."""
    now, others = queries.now(session), of_others(session, claim)
    torn = any(seat.failures or (seat.failures is None and seat.expires_at < now) for seat in others)
    leaving = any(seat.leaving for seat in others)
    return Wish(wish.cancel, wish.kill, wish.overdue, torn=torn, leaving=leaving)


def failures_of_others(session: Session, claim: Claim) -> tuple[list[Json], bool]:
    """Why the ranks of other nodes failed, those of lost nodes among them; and whether each has ended or is lost."""
    now, found, all_ended = queries.now(session), list[Json](), True
    for seat in of_others(session, claim):
        if seat.failures is not None:
            found += seat.failures
        elif seat.expires_at < now:
            message = f"node {seat.node}, worker {seat.worker}, gives no sign of life"
            found.append({"reason": Reason.WORKER_LOST, "message": message, "rank_of_cause": 1})
        else:
            all_ended = False
    return found, all_ended


def _is_of(claim: Claim) -> ColumnElement[bool]:
    node = claim.node
    assert node is not None  # noqa: S101 - jobs on one worker have no seats
    return (
        (Seat.job_id == claim.job_id) & (Seat.node == node.number) & (Seat.attempt == claim.attempt)
        & (Seat.worker == node.worker)
    )  # fmt: skip


def node_of(place: Place, leader: Seat) -> Node:
    """Where this node stands among the others, once node 0 has said where they meet."""
    assert leader.port is not None  # noqa: S101 - it has begun
    return Node(place.node, place.nodes, place.worker, place.address, (leader.address, leader.port))
