"""The base of the API's documents."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict


def instant(seconds: float | None) -> datetime | None:
    """A time of the database clock as a datetime."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Document(BaseModel):
    """A response document; it is immutable."""

    model_config = ConfigDict(frozen=True)
