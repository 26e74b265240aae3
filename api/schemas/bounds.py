"""LR bounds with their interval, evidence and conditions."""

from typing import Any, Literal

from api.schemas.base import Document


class Bounds(Document):
    """Lowest and highest LR of a cycle."""

    base_lr: float
    max_lr: float


class Interval(Document):
    """A range of learning rates."""

    low: float
    high: float


class Confidence(Document):
    """Confidence in the bounds: a grade, and intervals at ``level``."""

    grade: Literal["high", "medium", "low", "none"]
    level: float
    replicas: int
    base_lr: Interval | None
    max_lr: Interval | None


class Alternative(Document):
    """The result of another rule for the same curves."""

    method: str
    lr: float


class Note(Document):
    """A reason for caution."""

    code: str
    message: str


class MedianCurve(Document):
    """Replicas merged: the median at each LR, and the band that contains 90 % of them."""

    metric: Literal["train_loss", "val_loss", "val_accuracy"]
    lr: list[float]
    median: list[float | None]
    low: list[float | None]
    high: list[float | None]


class ProbeRun(Document):
    """One short 1cycle run: its rung, its number at this rate, its peak rate; null if its loss was not finite."""

    number: int
    rung: int
    run: int
    lr: float
    steps: int
    steps_taken: int
    train_loss: float | None
    start_val_loss: float | None
    val_loss: float | None
    start_val_accuracy: float | None = None
    val_accuracy: float | None = None


class PlainBounds(Document):
    """The bounds from the curves alone."""

    bounds: Bounds | None
    confidence: Confidence
    method: str
    warnings: list[Note]


class ProbeReport(Document):
    """Results of short runs over a ladder of rates, and the bounds from the curves alone."""

    objective: Literal["val_loss", "val_accuracy"]
    budget: int
    steps_taken: int
    ladder: list[float]
    runs: list[ProbeRun]
    range_test: PlainBounds


class LrBoundsDocument(Document):
    """Bounds with their interval, evidence and conditions; ``bounds`` is null if none can be defended."""

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
    probe: ProbeReport | None = None
