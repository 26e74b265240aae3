"""Documents of jobs, and of the job that a spec would become."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self

from sqlalchemy.orm import Session

from api.schemas.base import Document, instant
from api.schemas.bounds import Note
from jobs.database import queries
from jobs.database.tables.jobs import Attempt, Job
from jobs.lifecycle import parents
from jobs.status import Status


class PlannedJob(Document):
    """A job that would be created. ``total_steps`` is null if it depends on data of unknown size."""

    kind: str
    fingerprint: str
    slots: int
    rank_batch_size: int | None
    total_steps: int | None


class ValidationDocument(PlannedJob):
    """The job that a valid spec would become; ``children`` are the jobs that it would start.

    ``resolved`` has what is decided at submission (the rates, if the bounds are known). ``waits_for`` is the job whose
    bounds it would wait for. ``spec`` includes all defaults.
    """

    object: Literal["validation"] = "validation"
    resolved: dict[str, Any]
    waits_for: str | None
    spec: dict[str, Any]
    children: list[PlannedJob]
    warnings: list[Note]


class Progress(Document):
    """Progress of a job. ``eta_s`` is an estimate in seconds, null if there is no basis for one."""

    step: int
    total_steps: int | None
    epoch: float | None
    fraction: float | None
    eta_s: float | None
    samples_per_s: float | None


class AttemptDocument(Document):
    """One attempt at a job. ``slots`` is the number that it holds, or held at its end."""

    number: int
    worker: str
    slots: int
    outcome: str | None
    started_at: datetime | None
    finished_at: datetime | None
    resumed_from_step: int | None
    last_step: int | None

    @classmethod
    def of(cls, row: Attempt) -> Self:
        """Build the document from its row."""
        return cls(
            number=row.number, worker=row.worker, slots=row.slots, outcome=row.outcome,
            started_at=instant(row.started_at),
            finished_at=instant(row.finished_at), resumed_from_step=row.resumed_from_step, last_step=row.last_step,
        )  # fmt: skip


class JobError(Document):
    """Why a job failed, and what the user can do."""

    code: str
    message: str


class JobDocument(Document):
    """A job: its spec, status and result."""

    object: Literal["job"] = "job"
    id: str
    kind: str
    name: str
    status: Status
    is_terminal: bool
    reason: str | None
    created_at: datetime | None
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    version: int
    progress: Progress
    latest: dict[str, float | None]
    spec: dict[str, Any]
    resolved: dict[str, Any]
    fingerprint: str
    attempt: int
    attempts: list[AttemptDocument]
    parent: str | None
    children: list[str]
    waits_for: str | None
    labels: dict[str, str]
    alarms: list[dict[str, Any]]
    result: dict[str, Any] | None
    error: JobError | None
    links: dict[str, str]

    @classmethod
    def of(cls, session: Session, row: Job) -> Self:
        """Build the document from the job's row, attempts and children."""
        return cls.of_all(session, [row])[0]

    @classmethod
    def of_all(cls, session: Session, rows: Sequence[Job]) -> list[Self]:
        """Like `of` for several jobs, with as few queries as for one; a parent job takes one more."""
        attempts = queries.attempts_of_all(session, [row.id for row in rows if row.attempt])
        children = queries.children_of_all(session, [row.id for row in rows if _may_have_children(row)])
        now = queries.now(session) if any(row.status == Status.RUNNING for row in rows) else 0.0
        return [
            cls._of(
                row, attempts.get(row.id, []), children.get(row.id, []), now,
                parents.sum_of_children(session, row) if row.kind in parents.KINDS else None,
            )
            for row in rows
        ]  # fmt: skip

    @classmethod
    def _of(
        cls, row: Job, attempts: list[Attempt], children: list[str], now: float, sums: parents.ChildTotals | None
    ) -> Self:
        status = Status(row.status)
        return cls(
            id=row.id, kind=row.kind, name=row.name, status=status, is_terminal=status.is_terminal,
            reason=row.reason, created_at=instant(row.created_at), queued_at=instant(row.queued_at),
            started_at=instant(row.started_at), finished_at=instant(row.finished_at),
            version=row.version + (sums.version if sums else 0),
            progress=_progress(row, now, sums), latest=row.latest, spec=row.spec,
            resolved=row.resolved, fingerprint=row.fingerprint, attempt=row.attempt,
            attempts=[AttemptDocument.of(attempt) for attempt in attempts],
            parent=row.parent_id, children=children, waits_for=row.waits_for,
            labels=row.labels, alarms=row.alarms, result=row.result if row.kind != "lr_find" else None,
            error=JobError(**row.error) if row.error else None, links=_links(row),
        )  # fmt: skip


def _may_have_children(row: Job) -> bool:
    """Whether to query children; among trainings, only those with an "auto" peak have a child."""
    return row.kind in parents.KINDS or (row.kind == "train" and "auto" in str(row.spec["schedule"]))


def _progress(row: Job, now: float, sums: parents.ChildTotals | None) -> Progress:
    step, total_steps = (row.step, row.total_steps) if sums is None else (sums.step, sums.total_steps)
    fraction = min(step / total_steps, 1.0) if total_steps else None
    if row.status == Status.SUCCEEDED:
        fraction = 1.0
    eta = None
    if fraction and row.status == Status.RUNNING and row.started_at is not None:
        eta = round((now - row.started_at) * (1 - fraction) / fraction, 1)
    return Progress(
        step=step, total_steps=total_steps, epoch=row.epoch, fraction=fraction, eta_s=eta,
        samples_per_s=row.latest.get("samples_per_s"),
    )  # fmt: skip


def _links(row: Job) -> dict[str, str]:
    base = f"/v1/jobs/{row.id}"
    links = {"self": base} | {name: f"{base}/{name}" for name in ("curves", "events", "logs", "cancel")}
    links["plot"] = f"{base}/plot.svg"
    own = {
        "lr_find": {"lr_bounds": f"{base}/lr-bounds"},
        "train": {"model": f"{base}/model", "checkpoints": f"{base}/checkpoints"},
        "sweep": {"table": f"{base}/table"},
        "compare": {"comparison": f"{base}/comparison"},
    }
    return links | own.get(row.kind, {})


class JobList(Document):
    """Jobs, newest first; pass ``next_cursor`` as ``cursor`` for older ones."""

    object: Literal["list"] = "list"
    data: list[JobDocument]
    next_cursor: str | None
