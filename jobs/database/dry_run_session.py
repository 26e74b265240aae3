"""A session in which rows are made and looked up and that never writes: what validation submits in."""

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import Session

Row = TypeVar("Row")


class DryRunSession(Session):
    """Reads the database and keeps the rows that are added to itself: no flush, no write lock, no row lock.

    `get` also finds the rows that were added; a SELECT does not.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._added: list[object] = []
        self._by_key: dict[tuple[Any, ...], object] = {}

    def add(self, instance: object, **options: Any) -> None:
        """Keep a row, and do not write it."""
        super().add(instance, **options)
        key = inspect(type(instance)).primary_key_from_instance(instance)
        self._added.append(instance)
        self._by_key[type(instance), *key] = instance

    def flush(self, objects: Iterable[Any] | None = None) -> None:
        """Write nothing."""

    def get(self, entity: Any, ident: Any, *, with_for_update: Any = None, **options: Any) -> Any:
        """One row by its key; it is not locked."""
        del with_for_update
        key = ident if isinstance(ident, tuple) else (ident,)
        added = self._by_key.get((entity, *key))
        return super().get(entity, ident, **options) if added is None else added

    def added(self, kind: type[Row]) -> list[Row]:
        """The rows of one kind that were added, in order."""
        return [row for row in self._added if isinstance(row, kind)]
