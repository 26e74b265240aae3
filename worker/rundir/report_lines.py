"""The lines of a report: rank 0 writes them, and the supervisor reads them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer, TypeAdapter

from jobs.spec.resolved import RangeTestFacts, TrainingFacts


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")


class PlanLine(_Line):
    """The length of the job, and values that depend on its data and model."""

    type: Literal["plan"] = "plan"
    total_steps: int
    resolved: Annotated[TrainingFacts | RangeTestFacts, PlainSerializer(lambda facts: facts.document())]


class PointsLine(_Line):
    """Metrics of some steps, one value for each step and metric.

    Attributes:
        done: Number of finished steps.
        clock: When the first step began and the last one ended, in seconds since the plan.
    """

    type: Literal["points"] = "points"
    steps: list[int]
    values: dict[str, list[float]]
    done: int
    epoch: float | None = None
    replica: int = 0
    clock: tuple[float, float]


class CheckpointLine(_Line):
    """A complete checkpoint file, saved after ``step`` steps; ``best`` marks the best evaluation so far."""

    type: Literal["checkpoint"] = "checkpoint"
    step: int
    file: str
    best: bool = False


class FileLine(_Line):
    """A complete file to keep: the ``model`` after ``step`` steps, or its ``card``."""

    type: Literal["file"] = "file"
    kind: str
    step: int
    file: str


class AlarmLine(_Line):
    """A finding about the curve; see `clr_core.diagnosis.Finding`."""

    type: Literal["alarm"] = "alarm"
    alarm: dict[str, JsonValue]


class NoteLine(_Line):
    """An event of the job."""

    type: Literal["note"] = "note"
    kind: str
    data: dict[str, JsonValue]


class ResultLine(_Line):
    """The result, which is the last line."""

    type: Literal["result"] = "result"
    result: dict[str, Any]


ReportLine = PlanLine | PointsLine | CheckpointLine | FileLine | AlarmLine | NoteLine | ResultLine
report_line: TypeAdapter[ReportLine] = TypeAdapter(Annotated[ReportLine, Field(discriminator="type")])
