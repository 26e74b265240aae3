"""The table of a sweep, as the API answers with it."""

from typing import Any, Literal

from api.schemas.base import Document
from api.schemas.bounds import Bounds, Confidence, Note
from api.schemas.jobs import JobError
from jobs.status import Status


class SweepCell(Document):
    """One job of a sweep: what is special about its conditions, where it stands, what it found."""

    job_id: str
    status: Status
    reason: str | None
    error: JobError | None
    settings: dict[str, Any]
    bounds: Bounds | None
    confidence: Confidence | None
    warnings: list[Note]


class SizeScaling(Document):
    """Exponent of ``max_lr`` against the global batch size; null with a reason where it cannot be fitted."""

    exponent: float | None
    low: float | None
    high: float | None
    level: float
    points: int
    reason: str | None
    linear: float
    square_root: float


class SweepTable(Document):
    """All cells of a sweep, those included that failed or have not ended."""

    object: Literal["sweep_table"] = "sweep_table"
    job_id: str
    is_final: bool
    over: list[str]
    cells: list[SweepCell]
    scaling: dict[str, SizeScaling] | None
