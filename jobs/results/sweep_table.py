"""The table of a sweep so far: the bounds under each of its conditions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from clr_core.scaling import ScalingPoint, fit_exponent
from jobs.database.tables.jobs import Job
from jobs.errors import NoTableError
from jobs.results.lr_bounds import LEVEL
from jobs.spec.resolved import Cell, ResolvedSweep
from jobs.status import TERMINAL

SIZE = "global_batch_size"


def table(session: Session, job: Job) -> dict[str, Any]:
    """Return the ``sweep_table`` document. It lists cells that have not ended, or have failed, with their status.

    Raises:
        NoTableError: The job is of another kind.
    """
    if job.kind != "sweep":
        raise NoTableError(job.id, job.kind)
    over = list(job.spec["over"])
    children = {child.id: child for child in session.scalars(select(Job).where(Job.parent_id == job.id))}
    cells = [_cell(children[cell.job_id], cell) for cell in ResolvedSweep.model_validate(job.resolved).cells]
    return {
        "object": "sweep_table",
        "job_id": job.id,
        "is_final": job.status in TERMINAL,
        "over": over,
        "cells": cells,
        "scaling": _scaling(cells, job.spec["conditions"][SIZE]) if {SIZE, "world_size"} & set(over) else None,
    }


def _cell(child: Job, cell: Cell) -> dict[str, Any]:
    found = child.result or {}
    return {
        "job_id": child.id, "status": child.status, "reason": child.reason, "error": child.error,
        "settings": cell.settings, "bounds": found.get("bounds"), "confidence": found.get("confidence"),
        "warnings": found.get("warnings", []),
    }  # fmt: skip


def _scaling(cells: Sequence[dict[str, Any]], base_size: int) -> dict[str, Any]:
    points = []
    for cell in cells:
        interval = (cell["confidence"] or {}).get("max_lr")
        if cell["bounds"] is None or interval is None:
            continue
        settings = dict(cell["settings"])
        size = settings.pop(SIZE, base_size)
        group = tuple(sorted(settings.items()))
        points.append(ScalingPoint(size, cell["bounds"]["max_lr"], interval["low"], interval["high"], group))
    return {SIZE: fit_exponent(points, level=LEVEL).to_dict()}
