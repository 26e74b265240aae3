"""Fair share: the order in which waiting jobs run.

Submitters take turns: first the submitter whose jobs hold the fewest slots, then the one served longest ago. Among the
jobs of one submitter, higher ``priority`` goes first, then the job that was queued first. So neither many jobs nor a
high priority gets a submitter ahead of others. If keys are not required, all jobs belong to one submitter.
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
    """Return the next job to run among those that fit ``slots`` devices. A job without slots never runs.

    If a submitter has ``max_running`` jobs running, their other jobs wait. Jobs of several nodes are included only with
    a ``worker`` that may reserve one of their nodes (`jobs.scheduling.node_reservations`).
    """
    running = (
        select(_OWNER.label("owner"), func.sum(Job.slots).label("slots"), func.count().label("jobs"))
        .where(Job.status.in_(HELD), Job.slots > 0)
        .group_by(_OWNER)
        .subquery()
    )
    query = (
        select(Job.id)  # only the id, so that sorting a long queue reads no specs
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
    """Record that a job of its submitter begins, so that other submitters come first now."""
    row = {"owner": job.owner or "", "served_at": now}
    insert = upsert(session, Submitter).values(row)
    session.execute(insert.on_conflict_do_update(index_elements=["owner"], set_=row))
