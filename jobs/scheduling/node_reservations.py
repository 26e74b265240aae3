"""Reservations of the nodes of a job that runs on several workers. The job starts when all its nodes are reserved.

One job reserves nodes at a time, so that two jobs cannot each hold nodes that the other waits for. The single row of
`AssemblyLock` names that job and its time limit; a transaction that adds, gives up or completes reservations locks the
row. At the time limit a job gives up all its reservations and pauses, longer each time, so that others go first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.records import Claim, FailureDocument, LeaseSignals, Node
from jobs.database.session import Database, db_now
from jobs.database.tables.jobs import Event, Job
from jobs.database.tables.service import AssemblyLock, ReservedNode
from jobs.errors import StaleAttemptError
from jobs.scheduling.deadlines import Backoff
from jobs.status import HELD, Reason, Status

LONGEST_PAUSE = 16  # times the time limit of reserving nodes
NOT_GATHERED = "not_gathered"


@dataclass(frozen=True, slots=True)
class NodeReservation:
    """A node of a job that a worker has reserved, until the reservation expires."""

    job_id: str
    attempt: int
    node: int
    nodes: int
    slots: int
    worker: str
    address: str

    def is_mine(self) -> ColumnElement[bool]:
        """Return whether a row belongs to this reservation."""
        return (
            (ReservedNode.job_id == self.job_id)
            & (ReservedNode.node == self.node)
            & (ReservedNode.attempt == self.attempt)
            & (ReservedNode.worker == self.worker)
        )


def open_to(worker: str | None) -> ColumnElement[bool]:
    """Return the condition that a worker may run a job or a node of it; None is a worker for jobs of one node only."""
    if worker is None:
        return Job.nodes == 1
    another = exists().where(
        AssemblyLock.job_id.is_not(None), AssemblyLock.job_id != Job.id, AssemblyLock.until > db_now()
    )
    mine = exists().where(
        ReservedNode.job_id == Job.id, ReservedNode.attempt == Job.attempt + 1, ReservedNode.worker == worker
    )
    unmatched = Job.reason.is_not_distinct_from(Reason.NO_MATCHING_WORKER)
    return or_(Job.nodes == 1, ~(another | mine | unmatched))


def hold_assembly_lock(session: Session) -> AssemblyLock:
    """Lock and return the row of `AssemblyLock`; the lock is held until the transaction ends."""
    return session.get_one(AssemblyLock, 1, with_for_update=True, populate_existing=True)


def take(
    session: Session, job: Job, *, worker: str, address: str, gather_s: float, lease_s: float
) -> NodeReservation | None:
    """Reserve a node of a queued job in the caller's transaction.

    Returns:
        The reservation; None if another job reserves nodes, all nodes are reserved or this worker has one already.
    """
    assembly, now = hold_assembly_lock(session), queries.now(session)
    if assembly.job_id not in (None, job.id) and assembly.until > now:
        return None
    job = queries.lock_job(session, job.id)
    if job.status != Status.QUEUED:
        return None
    if assembly.job_id == job.id and assembly.until <= now:
        give_all_up(session, assembly, job, gather_s)  # its workers are gone
        return None
    stale = ReservedNode.expires_at <= now if assembly.job_id == job.id else ReservedNode.expires_at.is_not(None)
    session.execute(delete(ReservedNode).where(ReservedNode.job_id == job.id, stale))
    if assembly.job_id != job.id:
        assembly.job_id, assembly.until = job.id, now + gather_s
    taken = {reserved.node: reserved.worker for reserved in of_job(session, job.id)}
    left = sorted(set(range(job.nodes)) - set(taken))
    if not left or worker in taken.values():
        return None
    session.add(
        ReservedNode(
            job_id=job.id, node=left[0], attempt=job.attempt + 1, worker=worker, address=address,
            expires_at=now + lease_s,
        ),
    )  # fmt: skip
    return NodeReservation(job.id, job.attempt + 1, left[0], job.nodes, job.slots // job.nodes, worker, address)


def of_job(session: Session, job_id: str) -> Sequence[ReservedNode]:
    """Return the reserved nodes of a job's newest attempt, in order."""
    return session.scalars(select(ReservedNode).where(ReservedNode.job_id == job_id).order_by(ReservedNode.node)).all()


def give_all_up(session: Session, assembly: AssemblyLock, job: Job, gather_s: float) -> None:
    """Give up all reservations of a job in the caller's transaction. The job pauses before it tries again."""
    held = len(of_job(session, job.id))
    session.execute(delete(ReservedNode).where(ReservedNode.job_id == job.id))
    assembly.job_id = None
    tries = session.scalar(select(func.count()).where(Event.job_id == job.id, Event.type == NOT_GATHERED)) or 0
    pause_s, now = Backoff(gather_s, LONGEST_PAUSE * gather_s).after(tries + 1), queries.now(session)
    job.not_before, job.version = now + pause_s, job.version + 1
    data = {"seats": held, "nodes": job.nodes, "pause_s": pause_s}
    session.add(Event(job_id=job.id, at=now, type=NOT_GATHERED, data=data))


def give_up(database: Database, reservation: NodeReservation) -> None:
    """Give a reservation up before its job has begun."""
    with database.write() as session:
        hold_assembly_lock(session)
        session.execute(delete(ReservedNode).where(reservation.is_mine()))


def renew(database: Database, claim: Claim, *, lease_s: float) -> LeaseSignals:
    """Renew the reservation of a node other than the first for ``lease_s`` more seconds.

    Raises:
        StaleAttemptError: The attempt is over, or goes on without this node; its ranks must end.
    """
    with database.write(wait_s=lease_s, is_urgent=True) as session:
        held = exists().where(Job.id == claim.job_id, Job.attempt == claim.attempt, Job.status.in_(HELD))
        kept = session.execute(
            update(ReservedNode)
            .where(_is_of(claim), held, ReservedNode.expires_at > db_now())
            .values(expires_at=db_now() + lease_s)
            .returning(ReservedNode.node),
        ).one_or_none()
        if kept is None:
            raise StaleAttemptError(claim.job_id, claim.attempt)
        return LeaseSignals()


def leave(database: Database, claim: Claim) -> None:
    """Tell node 0 that the worker of this node is shutting down."""
    with database.write() as session:
        session.execute(update(ReservedNode).where(_is_of(claim)).values(leaving=True))


def report(database: Database, claim: Claim, failures: list[FailureDocument]) -> None:
    """Record that the ranks of this node have ended, and why if they failed."""
    with database.write() as session:
        session.execute(update(ReservedNode).where(_is_of(claim)).values(failures=failures))


def of_others(session: Session, claim: Claim) -> Sequence[ReservedNode]:
    """Return the reservations of the other nodes of an attempt."""
    own = None if claim.node is None else claim.node.number
    rows = session.scalars(
        select(ReservedNode)
        .where(ReservedNode.job_id == claim.job_id, ReservedNode.attempt == claim.attempt, ReservedNode.node != own)
        .order_by(ReservedNode.node),
    )
    return rows.all()


def signals_of(session: Session, claim: Claim, signals: LeaseSignals) -> LeaseSignals:
    """Return the signals for node 0, from its job's row and the state of the other nodes."""
    now, others = queries.now(session), of_others(session, claim)
    torn = any(reserved.failures or (reserved.failures is None and reserved.expires_at < now) for reserved in others)
    leaving = any(reserved.leaving for reserved in others)
    return LeaseSignals(signals.cancel, signals.kill, signals.overdue, torn=torn, leaving=leaving)


def failures_of_others(session: Session, claim: Claim) -> tuple[list[FailureDocument], bool]:
    """Return why ranks of other nodes failed, including lost nodes; and whether each has ended or is lost."""
    now, found, all_ended = queries.now(session), list[FailureDocument](), True
    for reserved in of_others(session, claim):
        if reserved.failures is not None:
            found += reserved.failures
        elif reserved.expires_at < now:
            message = f"node {reserved.node}, worker {reserved.worker}, gives no sign of life"
            found.append({"reason": Reason.WORKER_LOST, "message": message, "rank_of_cause": 1})
        else:
            all_ended = False
    return found, all_ended


def _is_of(claim: Claim) -> ColumnElement[bool]:
    node = claim.node
    assert node is not None  # noqa: S101 - jobs on one worker have no reservations
    return (
        (ReservedNode.job_id == claim.job_id)
        & (ReservedNode.node == node.number)
        & (ReservedNode.attempt == claim.attempt)
        & (ReservedNode.worker == node.worker)
    )


def node_of(reservation: NodeReservation, leader: ReservedNode) -> Node:
    """Return this node's part in the attempt, once node 0 has published the address where the nodes meet."""
    assert leader.port is not None  # noqa: S101 - it has begun
    return Node(
        reservation.node, reservation.nodes, reservation.worker, reservation.address, (leader.address, leader.port)
    )
