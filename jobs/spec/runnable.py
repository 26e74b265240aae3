"""Jobs that ranks run: the spec and the resolved values, in one document per kind."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from jobs.spec.conditions import Conditions
from jobs.spec.job import LrFindSpec, TrainSpec
from jobs.spec.resolved import ResolvedRangeTest, ResolvedTraining


class TrainingJob(BaseModel):
    """A training, with rates that are numbers."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["train"] = "train"
    spec: TrainSpec
    resolved: ResolvedTraining

    @property
    def conditions(self) -> Conditions:
        """The conditions of the training."""
        assert self.spec.conditions is not None  # noqa: S101 - they are written into the row
        return self.spec.conditions


class RangeTestJob(BaseModel):
    """A range test."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["lr_find"] = "lr_find"
    spec: LrFindSpec
    resolved: ResolvedRangeTest

    @property
    def conditions(self) -> Conditions:
        """The conditions of the range test."""
        return self.spec.conditions


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """One probe: its number (also of its series), its rung, its repeat at this rate, its rate and its steps."""

    number: int
    rung: int
    run: int
    lr: float
    steps: int


AnyRunnableJob = TrainingJob | RangeTestJob
RunnableJob = Annotated[AnyRunnableJob, Field(discriminator="kind")]
runnable_job: TypeAdapter[AnyRunnableJob] = TypeAdapter(RunnableJob)
