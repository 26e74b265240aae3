"""What happened to jobs."""

from datetime import datetime
from typing import Any, Literal, Self

from api.schemas.base import Document, instant
from jobs.database.tables import Event


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
