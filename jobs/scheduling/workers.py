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
    """What a worker says of itself; ``devices`` has one name for each slot.

    One with an ``address`` takes part in jobs of several nodes, with workers that see the same artifact ``store``.
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
    """Say that a worker lives, for ``ttl_s`` seconds to come, which of its slots are out of use, and what of it fails.

    Returns:
        Whether it is to take no more jobs.
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
    """Have a worker take no more jobs, or take some again; it hears of it with its next beat.

    Raises:
        WorkerNotFoundError: None of this name is alive.
    """
    with database.write() as session:
        row = session.get(Worker, name)
        if row is None or row.expires_at <= queries.now(session):
            raise WorkerNotFoundError(name)
        row.draining = draining


def jobs_of(session: Session) -> dict[str, list[Job]]:
    """What runs where: the jobs that are held, by the name of their worker; those on several stand at each."""
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
    """How many slots each job holds that runs or is being ended, those lent to it with its own."""
    current = (Attempt.job_id == Job.id) & (Attempt.number == Job.attempt)
    rows = session.execute(select(Job.id, Attempt.slots).join(Attempt, current).where(Job.status.in_(HELD)))
    return {row.id: row.slots for row in rows}


def leave(database: Database, name: str) -> None:
    """Take a worker off the list."""
    with database.write() as session:
        session.execute(delete(Worker).where(Worker.name == name))
