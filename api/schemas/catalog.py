"""Documents of datasets, models and schedules, and the preview of a schedule."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field

from api.schemas.base import Document, instant
from jobs.database.tables.service import Dataset
from jobs.datasets.builtin import Builtin
from jobs.datasets.facts import Facts


class ScheduleEntry(Document):
    """An available schedule."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)

    name: str
    help: str
    json_schema: dict[str, Any] = Field(alias="schema")


class ScheduleCatalog(Document):
    """All schedules of this server."""

    object: Literal["list"] = "list"
    data: list[ScheduleEntry]


class SchedulePreview(Document):
    """Values of a schedule at ``steps``; momentum is null if it does not cycle."""

    object: Literal["schedule_preview"] = "schedule_preview"
    total_steps: int
    rates: dict[str, float]
    steps: list[int]
    lr: list[float]
    momentum: list[float] | None
    batch_size: list[int] | None


class ModelEntry(Document):
    """An available model; ``schema`` is the JSON Schema of ``conditions.model``."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)

    name: str
    help: str
    source: Literal["builtin", "torchvision", "own"]
    json_schema: dict[str, Any] = Field(alias="schema")


class ModelCatalog(Document):
    """All models of this server."""

    object: Literal["list"] = "list"
    data: list[ModelEntry]


SUGGESTED_IMAGE_SIZE = 64  # pixels; used if the images differ in size


class DatasetDocument(Document):
    """An available dataset; ``use`` is the value for ``conditions.dataset``."""

    object: Literal["dataset"] = "dataset"
    id: str
    name: str
    source: Literal["builtin", "uploaded"]
    format: str | None
    created_at: datetime | None
    size_bytes: int | None
    sha256: str | None
    task: Literal["classification", "regression"]
    samples: int
    train_samples: int | None
    shape: list[int] | None
    dtype: str
    classes: int | None
    class_names: list[str] | None
    targets: int | None
    use: dict[str, Any]

    @classmethod
    def of(cls, row: Dataset) -> Self:
        """Build the document from the row of an uploaded dataset."""
        facts = Facts.model_validate(row.facts)
        options: dict[str, Any] = {"id": row.id}
        if row.format == "image_folder" and facts.shape is None:
            options["image_size"] = SUGGESTED_IMAGE_SIZE
        return cls(
            id=row.id, name=row.name, source="uploaded", format=row.format, created_at=instant(row.created_at),
            size_bytes=row.size_bytes, sha256=row.sha256, use={"name": "uploaded", "options": options},
            **facts.model_dump(),
        )  # fmt: skip

    @classmethod
    def builtin(cls, known: Builtin) -> Self:
        """Build the document of a built-in dataset."""
        return cls(
            id=known.name, name=known.help, source="builtin", format=None, created_at=None, size_bytes=None,
            sha256=None, use={"name": known.name}, **known.facts.model_dump(),
        )  # fmt: skip


class DatasetList(Document):
    """Built-in datasets by name, then uploads, newest first. Uploads over ``upload_limit_bytes`` are rejected."""

    object: Literal["list"] = "list"
    data: list[DatasetDocument]
    upload_limit_bytes: int
