"""The resolved document of a job, stored beside its spec in the column ``resolved``: one class for each kind."""

from typing import Any, Self, TypedDict

from pydantic import BaseModel, ConfigDict, JsonValue

from jobs.errors import UnusableBoundsError
from jobs.spec.job import TrainSpec
from jobs.spec.schedules.rates import Rates


class Bounds(TypedDict):
    """The bounds that a range test found."""

    base_lr: float
    max_lr: float


class Resolved(BaseModel):
    """A frozen document. Unknown fields from a newer version of the service are ignored."""

    model_config = ConfigDict(frozen=True)

    def document(self) -> dict[str, Any]:
        """Return the value of the column, without unknown fields."""
        return self.model_dump(mode="json", exclude_none=True)


class OwnBatch(Resolved):
    """The rank batch size. Nothing else is known while a training waits for its bounds."""

    rank_batch_size: int


class TrainingFacts(Resolved):
    """Values of a training that depend on its data; ranks report them."""

    total_steps: int | None = None
    steps_per_epoch: float | None = None
    swap_steps: int | None = None


class ResolvedTraining(TrainingFacts, Rates, OwnBatch):
    """A training whose rates are all numbers. Ranks later add values that depend on the data."""

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self | None:
        """Read the column; None while the training waits for its bounds."""
        return cls.model_validate(document) if "max_lr" in document else None

    @property
    def peak_and_foot(self) -> dict[str, float]:
        """The rates that `lowered` divides."""
        return {name: value for name, value in self.numbers.items() if name != "div_factor"}

    def lowered(self, factor: float) -> Self:
        """Return a copy with peak and foot divided by a factor. The ratios between the rates stay the same."""
        foot = None if self.base_lr is None else self.base_lr / factor
        return self.model_copy(update={"max_lr": self.max_lr / factor, "base_lr": foot})


def resolve(spec: TrainSpec, bounds: Bounds | None = None) -> ResolvedTraining:
    """Return the rates that a training uses: the numbers of its spec, or those of the bounds.

    Raises:
        UnusableBoundsError: ``base_lr`` is not below the peak of the bounds.
    """
    assert spec.conditions is not None  # noqa: S101 - filled in by then
    asked = spec.schedule.peak
    if isinstance(asked, float):
        rates = Rates.of(spec.schedule, asked)
    else:
        assert bounds is not None  # noqa: S101 - callers wait for them
        rates = Rates.of(spec.schedule, bounds["max_lr"], bounds["base_lr"])
    max_lr, base_lr = rates.max_lr * spec.lr_factor, rates.base_lr and rates.base_lr * spec.lr_factor
    if base_lr is not None and base_lr >= max_lr:
        raise UnusableBoundsError(base_lr, max_lr)
    return ResolvedTraining(
        rank_batch_size=spec.conditions.rank_batch_size, max_lr=max_lr, base_lr=base_lr, div_factor=rates.div_factor
    )


class Checkpoint(Resolved):
    """A stored checkpoint of a training: its artifact and its number of steps."""

    key: str
    sha256: str
    step: int

    @property
    def job_id(self) -> str:
        """The training that saved it."""
        return self.key.partition("/")[0]


class RangeTestFacts(Resolved):
    """Whether the model of a range test has batch norm; ranks report it."""

    batch_norm: bool | None = None


class ResolvedRangeTest(RangeTestFacts, OwnBatch):
    """A range test, and the checkpoint whose weights it starts from, if any."""

    start_from: Checkpoint | None = None


class Cell(Resolved):
    """A cell of a sweep: its range test, and its changes to the conditions of the sweep."""

    job_id: str
    settings: dict[str, JsonValue]


class ResolvedSweep(Resolved):
    """The range tests of a sweep."""

    cells: list[Cell]


class ArmRun(Resolved):
    """The training of an arm with one seed."""

    seed: int
    job_id: str


class ResolvedArm(Resolved):
    """An arm of a comparison: its spec and its trainings."""

    name: str
    schedule: dict[str, JsonValue]
    epochs: float | None = None
    steps: int | None = None
    global_batch_size: int | None = None
    world_size: int | None = None
    is_added: bool
    runs: list[ArmRun]

    @property
    def budget(self) -> tuple[float | int | None, ...]:
        """The values that arms of an equal budget share."""
        return self.epochs, self.steps, self.global_batch_size, self.world_size


class ResolvedComparison(Resolved):
    """The arms of a comparison, the range tests of their peaks, and the arms that others are measured against."""

    arms: list[ResolvedArm]
    range_tests: list[str]
    reference: str
    shortest: str
