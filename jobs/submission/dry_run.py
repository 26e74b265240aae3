"""The dry run of a spec: it is submitted in a session that does not write, so every check is the real one."""

import json
import math
from typing import Any

from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.dry_run_session import DryRunSession
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.database.tables.service import Dataset
from jobs.datasets.facts import Facts
from jobs.spec.catalog import TRAIN_SAMPLES
from jobs.spec.conditions import Conditions, UploadedDataset
from jobs.spec.job import AnySpec, TrainSpec
from jobs.spec.range_test import RangeTest
from jobs.spec.training import batch_sizes
from jobs.status import Reason
from jobs.submission import submit


def validate(database: Database, spec: AnySpec) -> dict[str, Any]:
    """Return the ``validation`` document of a spec. Nothing is written.

    Raises:
        JobsError: Any error of `submit.submit`, except those about idempotency keys.
    """
    with database.dry_run() as session:
        submitted = submit.dry_run(session, spec)
        return _document(session, queries.get_job(session, submitted.job_id))


def _document(session: DryRunSession, job: Job) -> dict[str, Any]:
    children = [each for each in session.added(Job) if each.parent_id == job.id]
    made = {job.id, *(child.id for child in children)}
    parts = [_part(session, each) for each in children]
    whole = _part(session, job)
    if not job.slots:  # the parent does not run; its children do
        whole |= {"slots": max(part["slots"] for part in parts), "total_steps": _sum(parts)}
    return {
        "object": "validation",
        **whole,
        "resolved": {name: value for name, value in job.resolved.items() if not _mentions(value, made)},
        "waits_for": None if job.waits_for in made else job.waits_for,
        "spec": job.spec,
        "children": parts,
        "warnings": _warnings(session, max([whole["slots"], *(part["slots"] for part in parts)])),
    }


def _part(session: Session, job: Job) -> dict[str, Any]:
    return {
        "kind": job.kind, "fingerprint": job.fingerprint, "slots": job.slots,
        "rank_batch_size": job.resolved.get("rank_batch_size"), "total_steps": _total_steps(session, job),
    }  # fmt: skip


def _total_steps(session: Session, job: Job) -> int | None:
    """Return the steps of a job that runs to its end; None if they depend on data of unknown size."""
    if job.kind == "lr_find":
        return RangeTest.model_validate(job.spec["range_test"]).total_steps
    if job.kind != "train":
        return None
    spec = TrainSpec.model_validate(job.spec)
    assert spec.conditions is not None  # noqa: S101 - they are written into the row
    samples = _training_samples(session, spec.conditions)
    if spec.steps is not None or samples is None:
        return spec.steps
    sizes = batch_sizes(spec.conditions, spec.batch_size_warm_start)
    return sizes.steps_for(math.ceil((spec.epochs or 0) * samples))


def _training_samples(session: Session, conditions: Conditions) -> int | None:
    dataset = conditions.dataset
    if not isinstance(dataset, UploadedDataset):
        return TRAIN_SAMPLES.get(dataset.name)
    row = session.get(Dataset, dataset.options.id)
    return None if row is None else Facts.model_validate(row.facts).training_samples(dataset.options.val_fraction)


def _sum(parts: list[dict[str, Any]]) -> int | None:
    steps = [part["total_steps"] for part in parts]
    return None if None in steps else sum(steps)


def _mentions(value: object, job_ids: set[str]) -> bool:
    text = json.dumps(value)
    return any(job_id in text for job_id in job_ids)


def _warnings(session: Session, slots: int) -> list[dict[str, str]]:
    most = queries.most_slots(session)
    if slots <= most:
        return []
    there = f"the largest live worker has {most}" if most else "there is no live worker"
    message = f"{slots} slots are needed, and {there}: it will wait for one that has as many"
    return [{"code": Reason.NO_MATCHING_WORKER, "message": message}]
