"""Databases that are full or read-only, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.submission import submit
from migrations.run import upgrade
from tests.builders import train, train_spec


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> TestClient:
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(database_url), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )
    return TestClient(create_app(settings), raise_server_exceptions=False)


def test_a_database_that_is_read_only_is_said_to_be(database: Database, client: TestClient) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    with client:
        services = client.app.state.services  # type: ignore[attr-defined]
        if database.engine.dialect.name == "sqlite":
            with services.database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA query_only=ON")
        else:
            name = database.engine.url.database
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        response = client.post("/v1/jobs", json=train())
        assert response.status_code == 503
        assert response.json()["code"] == "storage_read_only"
        assert response.headers["retry-after"]
        assert client.get(f"/v1/jobs/{job_id}").status_code == 200  # reading goes on


def test_a_database_that_is_full_is_said_to_be_and_takes_writes_again_when_there_is_room(
    tmp_path: Path, open_database: Callable[[str], Database]
) -> None:
    url = f"sqlite:///{tmp_path / 'full.sqlite3'}"
    upgrade(open_database(url))
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(url), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )  # fmt: skip
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        engine = client.app.state.services.database.engine  # type: ignore[attr-defined]
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1")  # SQLite takes what it has as the least
        labels = {f"label {number}": "x" * 255 for number in range(32)}
        answers = [client.post("/v1/jobs", json=train(labels=labels)) for _ in range(10)]
        full = answers[-1]
        assert (full.status_code, full.json()["code"]) == (507, "storage_full")
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=100000")
        assert client.post("/v1/jobs", json=train(labels=labels)).status_code == 202
