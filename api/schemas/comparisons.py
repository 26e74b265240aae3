"""Results of jobs with children: the table of a sweep, and a comparison."""

from typing import Any, Literal

from api.schemas.base import Document
from api.schemas.bounds import Bounds, Confidence, Note
from api.schemas.jobs import JobError
from jobs.status import Status


class SweepCell(Document):
    """One job of a sweep: the conditions that it varies, its status and its result."""

    job_id: str
    status: Status
    reason: str | None
    error: JobError | None
    settings: dict[str, Any]
    bounds: Bounds | None
    confidence: Confidence | None
    warnings: list[Note]


class SizeScaling(Document):
    """Exponent of ``max_lr`` over the global batch size; null, with a reason, if it cannot be fitted."""

    exponent: float | None
    low: float | None
    high: float | None
    level: float
    points: int
    reason: str | None
    linear: float
    square_root: float


class SweepTable(Document):
    """All cells of a sweep, including those that failed or have not ended."""

    object: Literal["sweep_table"] = "sweep_table"
    job_id: str
    is_final: bool
    over: list[str]
    cells: list[SweepCell]
    scaling: dict[str, SizeScaling] | None


class Spread(Document):
    """Median and range over runs; null where they would fall on runs without a value.

    A run that never reached the target ranks above all others in steps and seconds, and below all in ratios.
    """

    median: float | None
    low: float | None
    high: float | None
    runs: int
    known: int


class Run(Document):
    """One arm with one seed. ``is_reached`` is null until known; ``latest`` is the last evaluation so far."""

    seed: int
    job_id: str
    status: Status
    reason: str | None
    error: JobError | None
    step: int
    total_steps: int | None
    final: dict[str, float]
    latest: float | None
    target: float | None
    is_reached: bool | None
    steps_to_target: int | None
    seconds_to_target: float | None
    seconds: float | None


class ArmResult(Document):
    """One arm: its settings, its runs and their summary. ``is_added`` means that the service added it."""

    name: str
    is_added: bool
    schedule: dict[str, Any]
    epochs: float | None
    steps: int | None
    global_batch_size: int
    world_size: int
    max_lr: float | None
    runs: list[Run]
    final: dict[str, Spread]
    steps_to_target: Spread
    seconds_to_target: Spread
    update_ratio: Spread


class TargetOfRuns(Document):
    """The target: a value, or the final metric of the named arm with the same seed."""

    metric: Literal["val_accuracy", "val_loss"]
    value: float | None
    final_of: str | None


class Difference(Document):
    """The difference between the shortest arm and another of the same budget, per seed."""

    arm: str
    difference: Spread


class EqualBudget(Document):
    """The shortest arm compared with the others of the same budget."""

    arm: str
    differences: list[Difference]


class RangeTestOfArms(Document):
    """The range test that ``"auto"`` peaks come from."""

    job_id: str
    status: Status
    reason: str | None
    error: JobError | None
    bounds: Bounds | None


class Comparison(Document):
    """All arms of a ``compare`` job, including those that failed or have not ended.

    ``update_ratio`` of an arm: the updates that ``reference`` needs to reach its final metric, divided by the updates
    that the arm needs to reach the same value.
    """

    object: Literal["comparison"] = "comparison"
    job_id: str
    is_final: bool
    target: TargetOfRuns
    reference: str
    arms: list[ArmResult]
    equal_budget: EqualBudget
    range_tests: list[RangeTestOfArms]
    seconds_are: str
