"""The rows of a new job, and of a job that consists of other jobs."""

from collections.abc import Callable
from itertools import count

from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.ids import new_job_id
from jobs.database.tables.jobs import Event, Job, JobLabel
from jobs.datasets.resolve import resolve_dataset
from jobs.scheduling import deadlines
from jobs.scheduling.spec_version import SPEC_VERSION
from jobs.spec.conditions import Conditions
from jobs.spec.job import AnySpec, CompareSpec, LrFindSpec, SweepSpec
from jobs.spec.resolved import OwnBatch, ResolvedRangeTest
from jobs.status import Status
from jobs.submission.start_weights import resolve_start


def add_job(session: Session, spec: AnySpec, conditions: Conditions) -> Job:
    """Write the row of a job, its labels and its first event."""
    conditions = resolve_dataset(session, conditions)
    now = queries.now(session)
    document = spec.model_dump(mode="json") | {"conditions": conditions.model_dump(mode="json")}
    job = Job(
        id=new_job_id(), kind=spec.kind, status=Status.QUEUED, name=spec.name, labels=spec.labels, spec=document,
        resolved=_resolved(session, spec, conditions).document(), fingerprint=conditions.fingerprint(),
        slots=conditions.world_size, nodes=conditions.nodes, created_at=now, queued_at=now, priority=spec.priority,
        deadline_at=deadlines.of_waiting(document, now), spec_version=SPEC_VERSION,
    )  # fmt: skip
    session.add(job)
    session.flush()
    session.add_all(JobLabel(job_id=job.id, name=name, value=value) for name, value in spec.labels.items())
    session.add(Event(job_id=job.id, at=now, type="submitted", data={}))
    return job


def _resolved(session: Session, spec: AnySpec, conditions: Conditions) -> OwnBatch:
    """Return the first resolved document. A training's rates follow later; a parent's children replace it."""
    if isinstance(spec, LrFindSpec):
        start = resolve_start(session, spec, conditions)
        return ResolvedRangeTest(rank_batch_size=conditions.rank_batch_size, start_from=start)
    return OwnBatch(rank_batch_size=conditions.rank_batch_size)


def add_parent(session: Session, spec: SweepSpec | CompareSpec) -> tuple[Job, Callable[[Job], Job]]:
    """Add a parent job, and return a function that adds its children in the order in which they run."""
    parent = add_job(session, spec, spec.conditions)
    parent.slots, parent.deadline_at = 0, None
    places = count()

    def adopt(child: Job) -> Job:
        child.parent_id = parent.id
        child.queued_at = parent.queued_at + next(places) * 1e-6
        return child

    return parent, adopt
