"""Documents of the service: the mappings of the JSON, whose fields are also attributes."""

from collections.abc import Iterator, Mapping
from typing import Any

from clr_client.transport.effects import Document


class DocumentView(Mapping[str, Any]):
    """A read-only document, as a mapping of its fields."""

    def __init__(self, document: Document) -> None:
        self._document = dict(document)

    @property
    def document(self) -> dict[str, Any]:
        """Return the document as a plain dict for JSON."""
        return self._document

    def __getitem__(self, name: str) -> Any:
        return self._document[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)


class Bounds(DocumentView):
    """The bounds of a range test, from ``…/lr-bounds``; numbers are None if the curves support none."""

    @property
    def base_lr(self) -> float | None:
        """Foot of a cycle."""
        return self._bound("base_lr")

    @property
    def max_lr(self) -> float | None:
        """Peak of a cycle."""
        return self._bound("max_lr")

    @property
    def grade(self) -> str:
        """Confidence: ``high``, ``medium``, ``low`` or ``none``."""
        return str(self["confidence"]["grade"])

    @property
    def use(self) -> dict[str, Any] | None:
        """The beginning of a spec that trains with them: add ``epochs``, and submit it."""
        use: dict[str, Any] | None = self["use"]
        return use

    @property
    def warnings(self) -> list[str]:
        """Warnings as text."""
        return [warning["message"] for warning in self["warnings"]]

    def _bound(self, name: str) -> float | None:
        bounds = self["bounds"]
        return None if bounds is None else bounds[name]

    def __repr__(self) -> str:
        return f"Bounds(base_lr={self.base_lr}, max_lr={self.max_lr}, grade={self.grade!r})"
