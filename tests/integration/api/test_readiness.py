"""Readiness of the API, with parts of the service that are down."""

from pathlib import Path

from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.scheduling import workers
from jobs.scheduling.workers import WorkerInfo
from tests.api_requests import dead_port


def test_a_server_without_broker_and_workers_says_that_it_is_not_ready(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "ok", "broker": "does not answer", "workers": "none is alive", "troubles": "ok",
    }  # fmt: skip


def test_a_server_that_lacks_its_broker_alone_is_ready_and_says_so(client: TestClient, database: Database) -> None:
    workers.beat(database, WorkerInfo("w", "host", 1, 2, "cpu"), ttl_s=60)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"] == {
        "database": "ok",
        "broker": "does not answer",
        "workers": "ok",
        "troubles": "ok",
    }


def test_a_database_without_tables_is_not_ready(empty_url: str, tmp_path: Path) -> None:
    broker = SecretStr(f"redis://127.0.0.1:{dead_port()}/0")
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(empty_url), broker_url=broker)
    with TestClient(create_app(settings)) as client:
        assert "clr migrate" in client.get("/readyz").json()["checks"]["database"]


def test_a_database_of_an_older_version_is_not_ready(settings: Settings, database: Database) -> None:
    with database.write() as session:
        session.execute(text("ALTER TABLE jobs DROP COLUMN spec_version"))
    with TestClient(create_app(settings)) as client:
        check = client.get("/readyz").json()["checks"]["database"]
    assert check.startswith("has an older schema (no ")
    assert check.endswith("run clr migrate")
