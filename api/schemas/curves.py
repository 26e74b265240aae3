"""Query and response of curves."""

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.base import Document


class CurveQuery(BaseModel):
    """Which curves to return, and how."""

    metric: list[str] = Field([], max_length=20, description="Names of metrics; all if empty.")
    x: Literal["step", "epoch", "time", "lr"] = Field(
        "step", description="`time`: seconds of training since the first step, over all attempts."
    )
    max_points: int = Field(2000, ge=4, le=20_000, description="Maximum number of points per series.")
    start_step: int = Field(0, ge=0, lt=2**63, description="First step of the range.")
    end_step: int | None = Field(None, ge=0, lt=2**63, description="Last step of the range.")
    smoothing: float | None = Field(None, ge=0, lt=1, description="Weight of the neighbours in a smooth series.")


class Sampling(Document):
    """How points were selected: the first, the last and the extremes of equal intervals."""

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
    """Series of a job over steps, epochs, seconds or learning rates."""

    object: Literal["curves"] = "curves"
    job_id: str
    x: Literal["step", "epoch", "time", "lr"]
    sampling: Sampling
    series: list[Series]
