"""Rows of what is submitted: a job, and those that it consists of or waits for."""

from collections.abc import Callable
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from jobs import deadlines, grid, repository
from jobs.arms import reference_of, with_peak
from jobs.bounds import bounds_of, resolve
from jobs.conditions import Conditions
from jobs.datasets.resolve import resolve_dataset
from jobs.equal_budget import shortest
from jobs.errors import ConditionsDifferError
from jobs.ids import new_job_id
from jobs.models import Event, Job, JobLabel
from jobs.range_test_options import RangeTest
from jobs.schedule_specs import FromJob
from jobs.spec import AnySpec, CompareSpec, LrFindSpec, SweepSpec, TrainSpec
from jobs.spec_version import SPEC_VERSION
from jobs.starting import resolve_start
from jobs.status import TERMINAL, Status


def add(session: Session, spec: AnySpec) -> tuple[Job, list[Job]]:
    """Write what was asked for.

    Returns:
        The job, and at least one to ring a worker for, in the order in which they are to run.
    """
    if isinstance(spec, LrFindSpec):
        job = _add(session, spec, spec.conditions)
        return job, [job]
    if isinstance(spec, SweepSpec):
        return _add_sweep(session, spec)
    if isinstance(spec, CompareSpec):
        return _add_compare(session, spec)
    job, ring = _add_training(session, spec)
    return job, [ring]


def _add(session: Session, spec: AnySpec, conditions: Conditions) -> Job:
    conditions = resolve_dataset(session, conditions)
    now = repository.now(session)
    start = resolve_start(session, spec, conditions) if isinstance(spec, LrFindSpec) else {}
    document = spec.model_dump(mode="json") | {"conditions": conditions.model_dump(mode="json")}
    job = Job(
        id=new_job_id(), kind=spec.kind, status=Status.QUEUED, name=spec.name, labels=spec.labels, spec=document,
        resolved={"rank_batch_size": conditions.rank_batch_size, **start}, fingerprint=conditions.fingerprint(),
        slots=conditions.world_size, nodes=conditions.nodes, created_at=now, queued_at=now, priority=spec.priority,
        deadline_at=deadlines.of_waiting(document, now), spec_version=SPEC_VERSION,
    )  # fmt: skip
    session.add(job)
    session.flush()
    session.add_all(JobLabel(job_id=job.id, name=name, value=value) for name, value in spec.labels.items())
    session.add(Event(job_id=job.id, at=now, type="submitted", data={}))
    return job


def _add_training(session: Session, spec: TrainSpec) -> tuple[Job, Job]:
    if spec.source_job is not None:
        return _add_from_job(session, spec, repository.lock_job(session, spec.source_job))
    assert spec.conditions is not None  # noqa: S101 - the spec's own rule
    job = _add(session, spec, spec.conditions)
    if spec.schedule.peak != "auto":
        job.resolved = job.resolved | resolve(spec, bounds=None)
        return job, job
    child = _add_range_test(session, spec, spec.conditions, spec.name or job.id)
    child.parent_id, job.waits_for, job.deadline_at = job.id, child.id, None
    return job, child


def _add_parent(session: Session, spec: SweepSpec | CompareSpec) -> tuple[Job, Callable[[Job], Job]]:
    """A job that runs nowhere, and what takes the jobs that do, in the order in which they are to run."""
    parent = _add(session, spec, spec.conditions)
    parent.slots, parent.deadline_at = 0, None
    places = count()

    def adopt(child: Job) -> Job:
        child.parent_id = parent.id
        child.queued_at = parent.queued_at + next(places) * 1e-6
        return child

    return parent, adopt


def _add_sweep(session: Session, spec: SweepSpec) -> tuple[Job, list[Job]]:
    parent, adopt = _add_parent(session, spec)
    children: list[Job] = []
    cells = []
    for settings in grid.settings_of(spec.over):
        conditions = grid.conditions_of(spec.conditions, settings)
        words = ", ".join(f"{path} = {value}" for path, value in settings.items())
        child_spec = LrFindSpec(
            kind="lr_find", conditions=conditions, range_test=spec.range_test, seed=spec.seed,
            name=f"{spec.name or 'sweep'}: {words}"[:200], labels=spec.labels, **spec.limits,
        )  # fmt: skip
        child = adopt(_add(session, child_spec, conditions))
        children.append(child)
        cells.append({"job_id": child.id, "settings": settings})
    parent.resolved = {"cells": cells}
    return parent, children


def _add_compare(session: Session, spec: CompareSpec) -> tuple[Job, list[Job]]:
    """The longest arm of a seed first, so that slots are not idle in the end; seed by seed, to compare early."""
    parent, adopt = _add_parent(session, spec)
    own, every = {arm.name for arm in spec.own_arms}, spec.all_arms
    conditions = {arm.name: arm.conditions(spec.conditions) for arm in every}
    tests: dict[str, Job] = {}
    for arm in every:
        fingerprint = conditions[arm.name].fingerprint()
        if arm.schedule.peak == "auto" and fingerprint not in tests:
            tests[fingerprint] = adopt(_add_range_test(session, spec, conditions[arm.name], spec.name or "compare"))
    trainings: list[Job] = []
    runs: dict[str, list[dict[str, Any]]] = {arm.name: [] for arm in every}
    for seed in spec.seeds:
        for arm in sorted(every, key=lambda arm: -arm.budget):
            training = spec.training(arm, conditions[arm.name], seed)
            if arm.schedule.peak == "auto":
                found = FromJob(from_job=tests[conditions[arm.name].fingerprint()].id)
                training = training.model_copy(update={"schedule": with_peak(arm.schedule, found)})
            job = adopt(_add_training(session, training)[0])
            trainings.append(job)
            runs[arm.name].append({"seed": seed, "job_id": job.id})
    parent.resolved = {
        "arms": [
            arm.model_dump(mode="json", exclude_none=True) | {"is_added": arm.name not in own, "runs": runs[arm.name]}
            for arm in every
        ],
        "range_tests": [test.id for test in tests.values()],
        "reference": reference_of(every, spec.reference, spec.target).name,
        "shortest": shortest(spec.own_arms).name,
    }  # fmt: skip
    return parent, [*tests.values(), *trainings]


def _add_range_test(session: Session, spec: TrainSpec | CompareSpec, conditions: Conditions, of: str) -> Job:
    """The range test that peaks of ``"auto"`` come from."""
    child_spec = LrFindSpec(
        kind="lr_find", conditions=conditions, range_test=spec.range_test or RangeTest(), seed=spec.seed,
        name=f"range test of {of}"[:200], labels=spec.labels, **spec.limits,
    )  # fmt: skip
    return _add(session, child_spec, conditions)


def _add_from_job(session: Session, spec: TrainSpec, source: Job) -> tuple[Job, Job]:
    bounds = bounds_of(source) if source.kind != "lr_find" or source.status in TERMINAL else None
    found_under = Conditions.model_validate(source.spec["conditions"])
    conditions = resolve_dataset(session, spec.conditions or found_under)
    differing = conditions.differences(found_under)
    if differing and not spec.allow_different_conditions:
        raise ConditionsDifferError(source.id, differing)
    if spec.conditions is None:  # what hangs on conditions could not be judged without
        document = spec.model_dump(mode="json") | {"conditions": conditions.model_dump(mode="json")}
        spec = TrainSpec.model_validate(document)
    job = _add(session, spec, conditions)
    if bounds is None:
        job.waits_for, job.deadline_at = source.id, None
    else:
        job.resolved = job.resolved | resolve(spec, bounds=bounds)
    return job, job
