"""Submits a sweep: one range test for each cell of its grid."""

from sqlalchemy.orm import Session

from jobs.database.tables.jobs import Job
from jobs.spec import sweep
from jobs.spec.job import LrFindSpec, SweepSpec
from jobs.spec.resolved import Cell, ResolvedSweep
from jobs.submission.new_job import add_job, add_parent


def add_sweep(session: Session, spec: SweepSpec) -> tuple[Job, list[Job]]:
    """Write a sweep and the range test of each of its cells.

    Returns:
        The sweep, and its range tests in the order in which they should run.
    """
    parent, adopt = add_parent(session, spec)
    children: list[Job] = []
    cells = []
    for settings in sweep.settings_of(spec.over):
        conditions = sweep.conditions_of(spec.conditions, settings)
        words = ", ".join(f"{path} = {value}" for path, value in settings.items())
        child_spec = LrFindSpec(
            kind="lr_find", conditions=conditions, range_test=spec.range_test, seed=spec.seed,
            name=f"{spec.name or 'sweep'}: {words}"[:200], labels=spec.labels, **spec.limits,
        )  # fmt: skip
        child = adopt(add_job(session, child_spec, conditions))
        children.append(child)
        cells.append(Cell(job_id=child.id, settings=settings))
    parent.resolved = ResolvedSweep(cells=cells).document()
    return parent, children
