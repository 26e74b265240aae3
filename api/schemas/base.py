"""What the documents of the API have in common."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict


def instant(seconds: float | None) -> datetime | None:
    """A time on the database's clock, as JSON has it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Document(BaseModel):
    """Answers are never changed after they are made."""

    model_config = ConfigDict(frozen=True)
