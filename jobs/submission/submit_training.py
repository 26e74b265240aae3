"""Submits a training, with the range test that it waits for, if there is one."""

from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.tables.jobs import Job
from jobs.datasets.resolve import resolve_dataset
from jobs.errors import ConditionsDifferError
from jobs.results.lr_bounds import bounds_of
from jobs.spec.conditions import Conditions
from jobs.spec.job import CompareSpec, LrFindSpec, TrainSpec
from jobs.spec.range_test import RangeTest
from jobs.spec.resolved import resolve
from jobs.status import TERMINAL
from jobs.submission.new_job import add_job


def add_training(session: Session, spec: TrainSpec) -> tuple[Job, Job]:
    """Write a training.

    Returns:
        The training, and the job to start first: the training itself or its range test.
    """
    if spec.source_job is not None:
        return _add_from_job(session, spec, queries.lock_job(session, spec.source_job))
    assert spec.conditions is not None  # noqa: S101 - the spec's own rule
    job = add_job(session, spec, spec.conditions)
    if spec.schedule.peak != "auto":
        job.resolved = resolve(spec).document()
        return job, job
    child = add_range_test(session, spec, spec.conditions, spec.name or job.id)
    child.parent_id, job.waits_for, job.deadline_at = job.id, child.id, None
    return job, child


def add_range_test(session: Session, spec: TrainSpec | CompareSpec, conditions: Conditions, of: str) -> Job:
    """Write the range test that peaks of ``"auto"`` come from."""
    child_spec = LrFindSpec(
        kind="lr_find", conditions=conditions, range_test=spec.range_test or RangeTest(), seed=spec.seed,
        name=f"range test of {of}"[:200], labels=spec.labels, **spec.limits,
    )  # fmt: skip
    return add_job(session, child_spec, conditions)


def _add_from_job(session: Session, spec: TrainSpec, source: Job) -> tuple[Job, Job]:
    bounds = bounds_of(source) if source.kind != "lr_find" or source.status in TERMINAL else None
    found_under = Conditions.model_validate(source.spec["conditions"])
    conditions = resolve_dataset(session, spec.conditions or found_under)
    differing = conditions.differences(found_under)
    if differing and not spec.allow_different_conditions:
        raise ConditionsDifferError(source.id, differing)
    if spec.conditions is None:  # checks that depend on the conditions, which were missing before
        document = spec.model_dump(mode="json") | {"conditions": conditions.model_dump(mode="json")}
        spec = TrainSpec.model_validate(document)
    job = add_job(session, spec, conditions)
    if bounds is None:
        job.waits_for, job.deadline_at = source.id, None
    else:
        job.resolved = resolve(spec, bounds).document()
    return job, job
