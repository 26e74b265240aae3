"""Results of jobs that consist of others: the table of a sweep, and a comparison."""

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


class Spread(Document):
    """Median and range over runs; null where they would lie among runs that have no value.

    A run that never reached the target stands above all others in steps and seconds, below all in ratios.
    """

    median: float | None
    low: float | None
    high: float | None
    runs: int
    known: int


class Run(Document):
    """One arm with one seed. ``is_reached`` is null as long as that is open, ``latest`` the last evaluation so far."""

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
    """One arm: what it is, its runs, and what they come to; ``is_added`` where nobody asked for it."""

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
    """What is to be reached: a value, or where the arm of that name ends with the same seed."""

    metric: Literal["val_accuracy", "val_loss"]
    value: float | None
    final_of: str | None


class Difference(Document):
    """What the shortest arm has more than another one of the same budget, seed by seed."""

    arm: str
    difference: Spread


class EqualBudget(Document):
    """The shortest arm beside the others of its budget."""

    arm: str
    differences: list[Difference]


class RangeTestOfArms(Document):
    """The range test that peaks of ``"auto"`` come from."""

    job_id: str
    status: Status
    reason: str | None
    error: JobError | None
    bounds: Bounds | None


class Comparison(Document):
    """All arms of a ``compare`` job, those included that failed or have not ended.

    ``update_ratio`` of an arm: updates of ``reference`` to its own last value of the metric over those of the arm to
    that same value.
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
