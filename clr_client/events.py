"""Events of a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True)
class Event:
    """An event of a job.

    Attributes:
        seq: Its number; it grows with time.
        job_id: The job.
        at: Time, by the database's clock.
        type: Such as ``submitted``, ``started``, ``checkpoint``, ``alarm``, ``succeeded``.
        data: Data of this type of event.
    """

    seq: int
    job_id: str
    at: datetime | None
    type: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """From its document."""
        at = document["at"]
        moment = None if at is None else datetime.fromisoformat(at)
        return cls(document["seq"], document["job_id"], moment, document["type"], document["data"])
