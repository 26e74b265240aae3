"""Documents about the files of a job."""

from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import Field

from api.schemas.base import Document
from jobs.database.tables.jobs import Artifact


class CheckpointDocument(Document):
    """A stored checkpoint: the complete state of a training after ``step`` steps."""

    object: Literal["checkpoint"] = "checkpoint"
    step: int
    best: bool
    size_bytes: int
    sha256: str
    created_at: datetime
    damaged_at: datetime | None = Field(description="When a worker found that the file differs from what was stored.")
    href: str

    @classmethod
    def of(cls, row: Artifact) -> Self:
        """Build the document from its row."""
        step = row.step or 0
        created, damaged = datetime.fromtimestamp(row.created_at, UTC), row.damaged_at
        return cls(
            step=step, best=row.best, size_bytes=row.size_bytes, sha256=row.sha256, created_at=created,
            damaged_at=None if damaged is None else datetime.fromtimestamp(damaged, UTC),
            href=f"/v1/jobs/{row.job_id}/checkpoints/{step}",
        )  # fmt: skip


class CheckpointList(Document):
    """Checkpoints, newest first."""

    object: Literal["list"] = "list"
    data: list[CheckpointDocument]
