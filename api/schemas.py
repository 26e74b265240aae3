"""The documents that the API answers with."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from jobs import parents, repository
from jobs.datasets.builtin import Builtin
from jobs.datasets.facts import Facts
from jobs.models import Attempt, Dataset, Event, Job
from jobs.status import Status

SUGGESTED_IMAGE_SIZE = 64  # pixels; where images differ in size, some size has to be chosen


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Document(BaseModel):
    """Answers are never changed after they are made."""

    model_config = ConfigDict(frozen=True)


class Progress(Document):
    """How far a job is. ``eta_s`` is an estimate in seconds, null where there is nothing to go on."""

    step: int
    total_steps: int | None
    epoch: float | None
    fraction: float | None
    eta_s: float | None
    samples_per_s: float | None


class AttemptDocument(Document):
    """One try at a job."""

    number: int
    worker: str
    outcome: str | None
    started_at: datetime | None
    finished_at: datetime | None
    resumed_from_step: int | None
    last_step: int | None

    @classmethod
    def of(cls, row: Attempt) -> Self:
        """From its row."""
        return cls(
            number=row.number, worker=row.worker, outcome=row.outcome, started_at=_instant(row.started_at),
            finished_at=_instant(row.finished_at), resumed_from_step=row.resumed_from_step, last_step=row.last_step,
        )  # fmt: skip


class JobError(Document):
    """Why a job failed, in words a user can act on."""

    code: str
    message: str


class JobDocument(Document):
    """A job: what was asked, where it stands, what came out."""

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
        """From its row, its attempts and its children."""
        return cls.of_all(session, [row])[0]

    @classmethod
    def of_all(cls, session: Session, rows: Sequence[Job]) -> list[Self]:
        """Like `of` for several jobs, in as few queries as for one; a sweep takes one more."""
        attempts = repository.attempts_of_all(session, [row.id for row in rows if row.attempt])
        children = repository.children_of_all(session, [row.id for row in rows if row.kind != "lr_find"])
        now = repository.now(session) if any(row.status == Status.RUNNING for row in rows) else 0.0
        return [
            cls._of(
                row, attempts.get(row.id, []), children.get(row.id, []), now,
                parents.sum_of_children(session, row) if row.kind == parents.KIND else None,
            )
            for row in rows
        ]  # fmt: skip

    @classmethod
    def _of(cls, row: Job, attempts: list[Attempt], children: list[str], now: float, sums: parents.Sum | None) -> Self:
        status = Status(row.status)
        return cls(
            id=row.id, kind=row.kind, name=row.name, status=status, is_terminal=status.is_terminal,
            reason=row.reason, created_at=_instant(row.created_at), queued_at=_instant(row.queued_at),
            started_at=_instant(row.started_at), finished_at=_instant(row.finished_at),
            version=row.version + (sums.version if sums else 0),
            progress=_progress(row, now, sums), latest=row.latest, spec=row.spec,
            resolved=row.resolved, fingerprint=row.fingerprint, attempt=row.attempt,
            attempts=[AttemptDocument.of(attempt) for attempt in attempts],
            parent=row.parent_id, children=children, waits_for=row.waits_for,
            labels=row.labels, alarms=row.alarms, result=row.result if row.kind != "lr_find" else None,
            error=JobError(**row.error) if row.error else None, links=_links(row),
        )  # fmt: skip


def _progress(row: Job, now: float, sums: parents.Sum | None) -> Progress:
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
    links = {"self": base} | {name: f"{base}/{name}" for name in ("curves", "events", "cancel")}
    links["plot"] = f"{base}/plot.svg"
    own = {
        "lr_find": {"lr_bounds": f"{base}/lr-bounds"},
        "train": {"model": f"{base}/model", "checkpoints": f"{base}/checkpoints"},
        parents.KIND: {"table": f"{base}/table"},
    }
    return links | own.get(row.kind, {})


class JobList(Document):
    """Jobs from new to old; ``next_cursor`` asks for older ones."""

    object: Literal["list"] = "list"
    data: list[JobDocument]
    next_cursor: str | None


class EventDocument(Document):
    """Something that happened to a job. ``seq`` grows with time; ``at`` is the database's clock."""

    seq: int
    job_id: str
    at: datetime | None
    type: str
    data: dict[str, Any]

    @classmethod
    def of(cls, row: Event) -> Self:
        """From its row."""
        return cls(seq=row.seq, job_id=row.job_id, at=_instant(row.at), type=row.type, data=row.data)


class EventList(Document):
    """Events of a job from old to new; ``next_after`` asks for later ones, null where there are none yet."""

    object: Literal["list"] = "list"
    data: list[EventDocument]
    next_after: int | None


class Bounds(Document):
    """Foot and peak of a cycle."""

    base_lr: float
    max_lr: float


class Interval(Document):
    """A range of learning rates."""

    low: float
    high: float


class Confidence(Document):
    """How far the bounds can be trusted: a grade, and intervals at ``level``."""

    grade: Literal["high", "medium", "low", "none"]
    level: float
    replicas: int
    base_lr: Interval | None
    max_lr: Interval | None


class Alternative(Document):
    """What another rule says about the same curves."""

    method: str
    lr: float


class Note(Document):
    """A reason for caution."""

    code: str
    message: str


class MedianCurve(Document):
    """Replicas merged: the median of each rate, and the band that holds nine in ten of them."""

    metric: Literal["train_loss", "val_loss", "val_accuracy"]
    lr: list[float]
    median: list[float | None]
    low: list[float | None]
    high: list[float | None]


class LrBoundsDocument(Document):
    """Bounds with their interval, evidence and conditions; ``bounds`` is null where none can be defended."""

    object: Literal["lr_bounds"] = "lr_bounds"
    job_id: str
    bounds: Bounds | None
    confidence: Confidence
    method: str
    alternatives: list[Alternative]
    evidence: dict[str, Any]
    valid_for: dict[str, Any]
    warnings: list[Note]
    use: dict[str, Any] | None
    curve: MedianCurve | None = None


class CurveQuery(BaseModel):
    """What is asked of curves."""

    metric: list[str] = Field([], max_length=20, description="Names of metrics; all where none is named.")
    x: Literal["step", "epoch", "lr"] = "step"
    max_points: int = Field(2000, ge=4, le=20_000, description="Most points of a series.")
    start_step: int = Field(0, ge=0, lt=2**63, description="First step of the range.")
    end_step: int | None = Field(None, ge=0, lt=2**63, description="Last step of the range.")
    smoothing: float | None = Field(None, ge=0, lt=1, description="Weight of the neighbours in a smooth series.")


class Sampling(Document):
    """How points were chosen: first, last and the extremes of equal stretches."""

    method: Literal["minmax"]
    max_points: int
    total_points: int


class Point(Document):
    """A value and its step."""

    step: int
    value: float


class Nonfinite(Document):
    """A step at which the value was nan, inf or -inf; the series has null there."""

    step: int
    value: str


class Series(Document):
    """One metric of one replica."""

    metric: str
    replica: int
    smoothing: float | None = Field(description="Weight of the neighbours; null for the values as they are.")
    x: list[float]
    y: list[float | None]
    nonfinite: list[Nonfinite]
    last: Point | None
    min: Point | None


class CurvesDocument(Document):
    """Series of a job over steps, epochs or learning rates."""

    object: Literal["curves"] = "curves"
    job_id: str
    x: Literal["step", "epoch", "lr"]
    sampling: Sampling
    series: list[Series]


class Health(Document):
    """Whether each part that is needed answers."""

    status: Literal["ok", "not_ready"]
    checks: dict[str, str]


class Problem(Document):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str | None
    errors: list[dict[str, str]] | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says of the errors of an operation."""
    return {
        status: {"model": Problem, "content": {"application/problem+json": {}}, "description": "Problem"}
        for status in statuses
    }


class ScheduleEntry(Document):
    """A schedule that can be asked for."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)

    name: str
    help: str
    json_schema: dict[str, Any] = Field(alias="schema")


class ScheduleCatalog(Document):
    """All schedules of this server."""

    object: Literal["list"] = "list"
    data: list[ScheduleEntry]


class SchedulePreview(Document):
    """Values of a schedule at ``steps``; momentum is null where it does not cycle."""

    object: Literal["schedule_preview"] = "schedule_preview"
    total_steps: int
    rates: dict[str, float]
    steps: list[int]
    lr: list[float]
    momentum: list[float] | None
    batch_size: list[int] | None


class DatasetDocument(Document):
    """A dataset that conditions can name; ``use`` is what to write there."""

    object: Literal["dataset"] = "dataset"
    id: str
    name: str
    source: Literal["builtin", "uploaded"]
    format: str | None
    created_at: datetime | None
    size_bytes: int | None
    sha256: str | None
    task: Literal["classification", "regression"]
    samples: int
    train_samples: int | None
    shape: list[int] | None
    dtype: str
    classes: int | None
    class_names: list[str] | None
    targets: int | None
    use: dict[str, Any]

    @classmethod
    def of(cls, row: Dataset) -> Self:
        """From the row of an uploaded dataset."""
        facts = Facts.model_validate(row.facts)
        options: dict[str, Any] = {"id": row.id}
        if row.format == "image_folder" and facts.shape is None:
            options["image_size"] = SUGGESTED_IMAGE_SIZE
        return cls(
            id=row.id, name=row.name, source="uploaded", format=row.format, created_at=_instant(row.created_at),
            size_bytes=row.size_bytes, sha256=row.sha256, use={"name": "uploaded", "options": options},
            **facts.model_dump(),
        )  # fmt: skip

    @classmethod
    def builtin(cls, known: Builtin) -> Self:
        """From one that the server knows by name."""
        return cls(
            id=known.name, name=known.help, source="builtin", format=None, created_at=None, size_bytes=None,
            sha256=None, use={"name": known.name}, **known.facts.model_dump(),
        )  # fmt: skip


class DatasetList(Document):
    """Datasets by name, then uploaded ones from new to old; a larger upload than ``upload_limit_bytes`` is refused."""

    object: Literal["list"] = "list"
    data: list[DatasetDocument]
    upload_limit_bytes: int
