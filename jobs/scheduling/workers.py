"""Workers: the state that they report with every heartbeat, and the jobs that they run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.session import Database
from jobs.database.tables.jobs import Attempt, Job
from jobs.database.tables.service import ReservedNode, Worker
from jobs.errors import WorkerNotFoundError
from jobs.scheduling.spec_version import SPEC_VERSION
from jobs.status import HELD


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker reports about itself. ``devices`` has one name for each slot.

    A worker with an ``address`` takes part in jobs of several nodes, with workers that share its artifact ``store``.
    """

    name: str
    host: str
    pid: int
    slots: int
    device: str
    devices: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    store: str | None = None
    spec_version: int = SPEC_VERSION


def beat(
    database: Database, worker: WorkerInfo, *, ttl_s: float, quarantined: Sequence[int] = (),
    troubles: Mapping[str, str] | None = None,
) -> bool:  # fmt: skip
    """Record a heartbeat: the worker is alive for ``ttl_s`` more seconds, with these slots out of use and these faults.

    Returns:
        Whether the worker is draining: it must take no more jobs.
    """
    with database.write(wait_s=ttl_s, is_urgent=True) as session:
        now = queries.now(session)
        row = session.get(Worker, worker.name)
        if row is None:
            row = Worker(name=worker.name, started_at=now)
            session.add(row)
        row.host, row.pid, row.slots, row.device = worker.host, worker.pid, worker.slots, worker.device
        row.address, row.store = worker.address, worker.store
        row.devices, row.versions = list(worker.devices), dict(worker.versions)
        row.quarantined, row.beat_at = sorted(quarantined), now
        row.spec_version, row.troubles = worker.spec_version, dict(troubles or {})
        row.expires_at = now + ttl_s
        return bool(row.draining)


def drain(database: Database, name: str, *, draining: bool = True) -> None:
    """Set or clear the draining flag of a worker. The worker learns of it with its next heartbeat.

    Raises:
        WorkerNotFoundError: No live worker has this name.
    """
    with database.write() as session:
        row = session.get(Worker, name)
        if row is None or row.expires_at <= queries.now(session):
            raise WorkerNotFoundError(name)
        row.draining = draining


def jobs_of(session: Session) -> dict[str, list[Job]]:
    """Return the held jobs by worker name. A job on several workers is listed for each."""
    held: dict[str, list[Job]] = {}
    for job in session.scalars(select(Job).where(Job.status.in_(HELD), Job.worker.is_not(None)).order_by(Job.id)):
        held.setdefault(job.worker or "", []).append(job)
    followed = (ReservedNode.job_id == Job.id) & (ReservedNode.attempt == Job.attempt) & (ReservedNode.node > 0)
    for worker, job in session.execute(
        select(ReservedNode.worker, Job).join(Job, followed).where(Job.status.in_(HELD))
    ):
        held.setdefault(worker, []).append(job)
    return held


def slots_held(session: Session) -> dict[str, int]:
    """Return how many slots each running or ending job holds, including idle slots that it uses."""
    current = (Attempt.job_id == Job.id) & (Attempt.number == Job.attempt)
    rows = session.execute(select(Job.id, Attempt.slots).join(Attempt, current).where(Job.status.in_(HELD)))
    return {row.id: row.slots for row in rows}


def leave(database: Database, name: str) -> None:
    """Remove a worker from the list."""
    with database.write() as session:
        session.execute(delete(Worker).where(Worker.name == name))
