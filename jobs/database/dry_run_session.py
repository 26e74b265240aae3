"""The database session of a dry run: rows can be added and looked up in it, and it never writes."""

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import Session

Row = TypeVar("Row")


class DryRunSession(Session):
    """A session that reads the database and keeps added rows in memory: no flush, no write lock, no row lock.

    `get` also finds the added rows; a SELECT does not.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._added: list[object] = []
        self._by_key: dict[tuple[Any, ...], object] = {}

    def add(self, instance: object, **options: Any) -> None:
        """Keep a row without writing it."""
        super().add(instance, **options)
        key = inspect(type(instance)).primary_key_from_instance(instance)
        self._added.append(instance)
        self._by_key[type(instance), *key] = instance

    def flush(self, objects: Iterable[Any] | None = None) -> None:
        """Do nothing, so that nothing is written."""

    def get(self, entity: Any, ident: Any, *, with_for_update: Any = None, **options: Any) -> Any:
        """Return one row by its key, without a lock."""
        del with_for_update
        key = ident if isinstance(ident, tuple) else (ident,)
        added = self._by_key.get((entity, *key))
        return super().get(entity, ident, **options) if added is None else added

    def added(self, kind: type[Row]) -> list[Row]:
        """Return the added rows of one kind, in order."""
        return [row for row in self._added if isinstance(row, kind)]
