"""The queue for SQLite's one write lock: writers of a process take turns, urgent ones first, each with a time limit."""

import heapq
import math
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

_BEGIN: Final = "BEGIN IMMEDIATE"
_URGENT_TRY_S: Final = 0.02  # SQLite polls every 1 to 10 ms at first and every 100 ms later: so begin again


@dataclass(frozen=True, slots=True)
class LockWait:
    """The options of a writer that waits for the lock.

    Attributes:
        until: Time at which it gives up, on the monotonic clock.
        is_urgent: Whether it goes first: it takes the next turn and polls more often.
    """

    until: float
    is_urgent: bool

    @property
    def left_s(self) -> float:
        """Return the seconds until it gives up."""
        return max(self.until - time.monotonic(), 0.0)


class WriterQueue:
    """A queue of the writers of one process. Without it each polls SQLite on its own, in no fair order."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._is_taken = False
        self._numbers = count()
        self._waiting: list[tuple[bool, int, threading.Event]] = []

    @contextmanager
    def turn(self, wait: LockWait) -> Iterator[None]:
        """Hold the turn of one writer until the block ends.

        Raises:
            OperationalError: The turn did not come in time.
        """
        self._take(wait)
        try:
            yield
        finally:
            self._leave()

    def _take(self, wait: LockWait) -> None:
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = (not wait.is_urgent, next(self._numbers), threading.Event())
            heapq.heappush(self._waiting, mine)
        if mine[2].wait(wait.left_s):
            return
        with self._mutex:
            if mine[2].is_set():
                return
            self._waiting.remove(mine)
            heapq.heapify(self._waiting)
        raise OperationalError(
            _BEGIN, None, sqlite3.OperationalError("database is locked: other threads of this process write")
        )

    def _leave(self) -> None:
        with self._mutex:
            self._is_taken = bool(self._waiting)
            if self._waiting:
                heapq.heappop(self._waiting)[2].set()


def begin_write(connection: Connection, wait: LockWait, usual_s: float) -> None:
    """Begin a transaction with the write lock.

    Args:
        connection: A SQLite connection that is not in a transaction.
        wait: How to wait for the lock.
        usual_s: Timeout of the connection's other statements.

    Raises:
        OperationalError: Another process held the lock for too long.
    """
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - the one driver for SQLite here
    try:
        while wait.is_urgent and wait.left_s > _URGENT_TRY_S:
            _set_timeout(raw, _URGENT_TRY_S)
            try:
                raw.execute(_BEGIN)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise OperationalError(_BEGIN, None, error) from error
            else:
                return
        _set_timeout(raw, wait.left_s)
        connection.exec_driver_sql(_BEGIN)
    finally:
        _set_timeout(raw, usual_s)


def _set_timeout(raw: sqlite3.Connection, seconds: float) -> None:
    """Set the timeout of statements, rounded up.

    A PRAGMA takes no parameters, and a connection caches 128 prepared statements: a new number for each write would
    fill the cache of every connection of a process.
    """
    step_ms = 1000 if seconds > 1 else round(_URGENT_TRY_S * 1000)
    raw.execute(f"PRAGMA busy_timeout = {math.ceil(seconds * 1000 / step_ms) * step_ms}")
