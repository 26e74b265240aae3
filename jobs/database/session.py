"""The database: one engine, one kind of transaction for writing and one for reading.

SQLite runs in WAL mode and takes its write lock when a writing transaction begins, so that two writers queue instead of
failing midway. All times are the database's own clock, as seconds since 1970.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Float, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.sql.functions import GenericFunction

from jobs.database.dry_run_session import DryRunSession
from jobs.database.postgres import engine_of
from jobs.database.row_filter import RowFilter, attached
from jobs.database.write_lock import LockWait, WriterQueue, begin_write

BUSY_TIMEOUT_S = 30


class db_now(GenericFunction[float]):  # noqa: N801 - a SQL function
    """The time of the database's clock, in seconds since 1970."""

    type = Float(53)
    inherit_cache = True


@compiles(db_now, "postgresql")
def _postgresql_now(*_: Any, **__: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(db_now, "sqlite")
def _sqlite_now(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


class Database:
    """Transactions on one database.

    Args:
        url: ``sqlite:///…`` or ``postgresql+psycopg://…``.
        timeout_s: PostgreSQL's statement timeout; None for no timeout.
    """

    def __init__(self, url: str, *, timeout_s: float | None = None) -> None:
        self.engine = _make_engine(url, timeout_s)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(_reading(self.engine), expire_on_commit=False)
        self._dry_run_sessions = sessionmaker(_reading(self.engine), class_=DryRunSession)
        self._writer_queue = WriterQueue()
        self._info: dict[str, Any] = {}

    @contextmanager
    def write(self, *, wait_s: float = BUSY_TIMEOUT_S, is_urgent: bool = False) -> Iterator[Session]:
        """Open a transaction, which commits when the block ends and rolls back when it raises.

        Args:
            wait_s: Seconds to wait for SQLite's write lock.
            is_urgent: Whether it goes before other waiting writers. Renewals of leases do.
        """
        if self.engine.dialect.name != "sqlite":
            with self._sessions(info=dict(self._info)) as session, session.begin():
                yield session
            return
        wait = LockWait(time.monotonic() + wait_s, is_urgent)
        with self._writer_queue.turn(wait), self._sessions(info=dict(self._info)) as session, session.begin():
            session.connection(execution_options={"clr_write": wait})
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for reading. SQLite gives it one snapshot, PostgreSQL one for each statement."""
        with self._readers(info=dict(self._info)) as session:
            yield session

    @contextmanager
    def dry_run(self) -> Iterator[DryRunSession]:
        """Open a session that keeps added rows in memory and never takes a lock."""
        with self._dry_run_sessions(info=dict(self._info)) as session:
            yield session

    def seen_by(self, row_filter: RowFilter) -> "Database":
        """Return the same database and connections, with sessions that a row filter restricts."""
        seen = copy(self)
        seen._info = attached(row_filter)  # noqa: SLF001 - our own
        return seen

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _reading(engine: Engine) -> Engine:
    """Return the engine for reading: on PostgreSQL without BEGIN and ROLLBACK, which cost a round trip each."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")


def _make_engine(url: str, timeout_s: float | None) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return engine_of(url, timeout_s, pool_size=5, max_overflow=20)
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, pool_size=5, max_overflow=20)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves, see _begin_sqlite
    # Each connection has its own cache. At the default of 2 MB, processes keep growing for thousands of jobs.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-512"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    wait: LockWait | None = connection.get_execution_options().get("clr_write")
    if wait is None:
        connection.exec_driver_sql("BEGIN")
    else:
        begin_write(connection, wait, BUSY_TIMEOUT_S)


def upsert(session: Session, table: type[DeclarativeBase]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT with ``on_conflict_do_update``, in the dialect of the session's database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
