"""The spec of a range test: its rates, its replicas, and the metric that its bounds are read from."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo

from clr_core.errors import InvalidArgumentError
from clr_core.range_test import BISECTIONS, short_steps
from clr_core.successive_halving import rungs
from jobs.spec.base import LearningRate, Strict, field_rule, refuse


class Probe(Strict):
    """A ladder of ``rates`` at and below the edge, each tried in short 1cycle runs of ``steps`` steps all together."""

    rates: Annotated[int, Field(ge=2, le=32)] = 8
    steps: Annotated[int, Field(ge=1, le=10_000_000)] = 1200

    @field_rule("steps")
    @classmethod
    def _is_enough(cls, steps: int, info: ValidationInfo) -> int:
        try:
            rungs(info.data.get("rates", 2), steps)
        except InvalidArgumentError as error:
            raise refuse("too_few_steps", f"must be {error.legal}") from error
        return steps


MIN_MEASUREMENTS = 10  # points that a curve needs for bounds
USUAL_MEASUREMENTS = 50


class StartFrom(Strict):
    """The weights that every sweep starts from: those of a training's last checkpoint."""

    from_job: Annotated[str, Field(pattern=r"^job_[0-9a-f]{32}$")]


class RangeTest(Strict):
    """One sweep of rising LR, repeated ``replicas`` times with other orders of the data.

    ``measure`` is what the bounds are read from; a measure on held-back data is taken every ``measure_every`` steps
    (left out: fifty times a sweep).  ``bisect`` adds short sweeps around the edge.  Every sweep starts from the same
    weights, unless ``vary`` says that each has an initialisation of its own.
    """

    start_lr: LearningRate = 1e-6
    """First rate of a sweep: low enough that nothing is learned."""
    end_lr: LearningRate = 10.0
    """Last rate of a sweep, unless the loss diverges before."""
    steps: Annotated[int, Field(ge=10, le=100_000)] = 100
    """Steps of one sweep."""
    spacing: Literal["exponential", "linear"] = "exponential"
    """How the rate rises from step to step."""
    replicas: Annotated[int, Field(ge=1, le=50)] = 3
    """Sweeps, each with another order of the data; several give the bounds an interval."""
    measure: Literal["train_loss", "val_loss", "val_accuracy"] = "train_loss"
    """What the bounds are read from."""
    measure_every: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Steps between measurements of held-back data; left out, fifty times a sweep."""
    bisect: bool = False
    """Add short sweeps around the edge."""
    vary: Literal["data_order", "data_order_and_initialisation"] = "data_order"
    """What differs between replicas."""
    start_from: StartFrom | None = None

    @field_rule("end_lr")
    @classmethod
    def _is_above_the_start(cls, end_lr: float, info: ValidationInfo) -> float:
        start_lr = info.data.get("start_lr", 0.0)
        if end_lr <= start_lr:
            raise refuse("not_above_start_lr", f"must be above start_lr = {start_lr}")
        return end_lr

    @field_rule("measure_every")
    @classmethod
    def _measures_held_back_data(cls, every: int | None, info: ValidationInfo) -> int | None:
        if every is None:
            return None
        if info.data.get("measure") == "train_loss":
            raise refuse("measure_every_unused", "goes with a measure of val_loss or val_accuracy only")
        steps = info.data.get("steps", every)
        most = steps // MIN_MEASUREMENTS
        if every > most:
            raise refuse("too_few_measurements", f"must be at most {most}, a tenth of the {steps} steps")
        return every

    @field_rule("start_from")
    @classmethod
    def _starts_alike(cls, start: StartFrom | None, info: ValidationInfo) -> StartFrom | None:
        if start is not None and info.data.get("vary") != "data_order":
            raise refuse("weights_given", "leaves no initialisation to vary: take vary = data_order")
        return start

    @property
    def measures_every(self) -> int:
        """Steps between two measurements of held-back data."""
        return self.measure_every or max(1, self.steps // USUAL_MEASUREMENTS)

    @property
    def total_steps(self) -> int:
        """Steps of all sweeps, if none stops early."""
        short = BISECTIONS * short_steps(self.steps) if self.bisect else 0
        return self.replicas * (self.steps + short)
