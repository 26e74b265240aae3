"""Models: which there are."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.base import Document


class ModelEntry(Document):
    """A model that conditions can name; ``schema`` is that of ``conditions.model``."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)

    name: str
    help: str
    source: Literal["builtin", "torchvision", "own"]
    json_schema: dict[str, Any] = Field(alias="schema")


class ModelCatalog(Document):
    """All models of this server."""

    object: Literal["list"] = "list"
    data: list[ModelEntry]
