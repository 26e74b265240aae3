"""Fair share: the order in which waiting jobs run.

Submitters take turns: first comes whoever's jobs hold the fewest slots, then who was served longest ago. Among the
jobs of one submitter higher ``priority`` goes first, then what was queued first. So nobody gets ahead of others by many
jobs, nor by a high priority; where no key is asked for all jobs are one submitter's.
"""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from jobs.database.session import db_now, upsert
from jobs.database.tables.jobs import Job
from jobs.database.tables.service import Submitter
from jobs.scheduling import node_reservations
from jobs.scheduling.spec_version import READABLE
from jobs.status import HELD, Status

_OWNER = func.coalesce(Job.owner, "")


def next_claimable(
    session: Session, slots: int, max_running: int | None = None, worker: str | None = None
) -> Job | None:
    """The job whose turn it is among those that ``slots`` devices can run; one without slots never runs.

    Jobs of a submitter who has ``max_running`` jobs running wait for one of these to end. Jobs of several nodes are for
    a named ``worker``, where it may reserve a node of theirs (`jobs.scheduling.node_reservations`).
    """
    running = (
        select(_OWNER.label("owner"), func.sum(Job.slots).label("slots"), func.count().label("jobs"))
        .where(Job.status.in_(HELD), Job.slots > 0)
        .group_by(_OWNER)
        .subquery()
    )
    query = (
        select(Job.id)  # the id alone, so that sorting a long queue reads no specs
        .outerjoin(running, running.c.owner == _OWNER)
        .outerjoin(Submitter, Submitter.owner == _OWNER)
        .where(Job.status == Status.QUEUED, Job.waits_for.is_(None), Job.slots > 0, Job.slots <= slots * Job.nodes)
        .where(READABLE)
        .where(node_reservations.open_to(worker))
        .where(or_(Job.not_before.is_(None), Job.not_before <= db_now()))
        .order_by(
            func.coalesce(running.c.slots, 0), func.coalesce(Submitter.served_at, 0.0),
            Job.priority.desc(), Job.queued_at, Job.id,
        )
    )  # fmt: skip
    if max_running is not None:
        query = query.where(func.coalesce(running.c.jobs, 0) < max_running)
    head = session.scalar(query.limit(1))
    return None if head is None else session.get(Job, head)


def note_served(session: Session, job: Job, now: float) -> None:
    """Note that a job of its submitter begins: the others come first now."""
    row = {"owner": job.owner or "", "served_at": now}
    insert = upsert(session, Submitter).values(row)
    session.execute(insert.on_conflict_do_update(index_elements=["owner"], set_=row))
