"""Schedules: which there are, and what they do."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.base import Document


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
