"""Documents of a job's events and log."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from api.schemas.base import Document, instant
from jobs.database.tables.jobs import Event, LogLine
from jobs.spec.base import refuse

MOST_LINES = 10_000


class LogQuery(BaseModel):
    """Which lines to return, and in which format."""

    after: int | None = Field(None, ge=0, lt=2**63, description="Number of the last line already received.")
    tail: int | None = Field(None, ge=0, le=MOST_LINES, description="Start with this many of the last lines.")
    attempt: int | None = Field(None, ge=1, lt=2**31, description="Lines of this attempt only.")
    limit: int = Field(1000, ge=1, le=MOST_LINES, description="Maximum number of lines per page.")
    follow: bool = Field(False, description="Text only: continue until the job has ended.")
    format: Literal["json", "text"] | None = Field(None, description="Defaults to the format in Accept.")

    @field_validator("tail")
    @classmethod
    def _goes_alone(cls, tail: int | None, info: ValidationInfo) -> int | None:
        if tail is not None and info.data.get("after") is not None:
            raise refuse("tail_and_after", "must be omitted if after is given")
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
        """Build the document from its row."""
        return cls.model_validate(
            {
                "number": row.number, "attempt": row.attempt, "source": row.source, "stream": row.stream,
                "at": instant(row.at), "text": row.text,
            }
        )  # fmt: skip

    def as_text(self) -> str:
        """The line as human-readable text."""
        at = "" if self.at is None else self.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{at} {self.source} {self.stream}: {self.text}\n"


class LogPage(Document):
    """Lines of a job, oldest first; pass ``next_after`` as ``after`` for later ones, null if there are none yet.

    ``dropped`` counts the oldest lines, which are no longer kept.
    """

    object: Literal["list"] = "list"
    data: list[LogLineDocument]
    next_after: int | None
    dropped: int


class EventDocument(Document):
    """An event of a job. ``seq`` increases over time; ``at`` is the time of the database clock."""

    seq: int
    job_id: str
    at: datetime | None
    type: str
    data: dict[str, Any]

    @classmethod
    def of(cls, row: Event) -> Self:
        """Build the document from its row."""
        return cls(seq=row.seq, job_id=row.job_id, at=instant(row.at), type=row.type, data=row.data)


class EventList(Document):
    """Events of a job, oldest first; pass ``next_after`` as ``after`` for later ones, null if there are none yet."""

    object: Literal["list"] = "list"
    data: list[EventDocument]
    next_after: int | None
