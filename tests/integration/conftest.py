"""The API over each kind of database in turn, with a broker that is down."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.session import Database
from tests.asking import dead_port


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        database_url=SecretStr(database_url),
        broker_url=SecretStr(f"redis://127.0.0.1:{dead_port()}/0"),
        max_body_bytes=300_000,
    )


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    del database  # migrated
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client
