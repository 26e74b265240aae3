"""What happened to a job: its events and its log."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from api.schemas.base import Document, instant
from jobs.database.tables import Event, LogLine
from jobs.spec.base import refuse

MOST_LINES = 10_000


class LogQuery(BaseModel):
    """Which lines are asked for, and in which form."""

    after: int | None = Field(None, ge=0, lt=2**63, description="Number of the last line that is known already.")
    tail: int | None = Field(None, ge=0, le=MOST_LINES, description="Begin with the last so many lines.")
    attempt: int | None = Field(None, ge=1, lt=2**31, description="Lines of this attempt only.")
    limit: int = Field(1000, ge=1, le=MOST_LINES, description="Most lines of a page.")
    follow: bool = Field(False, description="Text only: go on until the job has ended.")
    format: Literal["json", "text"] | None = Field(None, description="What Accept says, where it is left out.")

    @field_validator("tail")
    @classmethod
    def _goes_alone(cls, tail: int | None, info: ValidationInfo) -> int | None:
        if tail is not None and info.data.get("after") is not None:
            raise refuse("tail_and_after", "must be left out where after says where to begin")
        return tail


class LogLineDocument(Document):
    """A line. ``number`` counts from 1 over all attempts; ``at`` is when it reached the database."""

    number: int
    attempt: int
    source: str
    stream: Literal["stdout", "stderr"]
    at: datetime | None
    text: str

    @classmethod
    def of(cls, row: LogLine) -> Self:
        """From its row."""
        return cls.model_validate(
            {
                "number": row.number, "attempt": row.attempt, "source": row.source, "stream": row.stream,
                "at": instant(row.at), "text": row.text,
            }
        )  # fmt: skip

    def as_text(self) -> str:
        """The line for people."""
        at = "" if self.at is None else self.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{at} {self.source} {self.stream}: {self.text}\n"


class LogPage(Document):
    """Lines of a job from old to new; ``next_after`` asks for later ones, null where there are none yet.

    ``dropped`` of the oldest lines are no longer kept.
    """

    object: Literal["list"] = "list"
    data: list[LogLineDocument]
    next_after: int | None
    dropped: int


class EventDocument(Document):
    """Something that happened to a job. ``seq`` grows with time; ``at`` is the database's clock."""

    seq: int
    job_id: str
    at: datetime | None
    type: str
    data: dict[str, Any]

    @classmethod
    def of(cls, row: Event) -> Self:
        """From its row."""
        return cls(seq=row.seq, job_id=row.job_id, at=instant(row.at), type=row.type, data=row.data)


class EventList(Document):
    """Events of a job from old to new; ``next_after`` asks for later ones, null where there are none yet."""

    object: Literal["list"] = "list"
    data: list[EventDocument]
    next_after: int | None
