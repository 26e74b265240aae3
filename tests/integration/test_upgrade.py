"""A database that release 9ec5450 wrote opens, migrates and serves; what was half done goes on."""

import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from jobs import control, endings, inspection, lifecycle, registry
from jobs.db import Database
from jobs.rows import Batch, MetricPoint
from jobs.settings import Settings
from migrations.run import downgrade, upgrade

WRITTEN = Path(__file__).parent / "upgrade" / "release-9ec5450.sql"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "clr.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(WRITTEN.read_text())
    connection.close()
    return Settings(
        data_dir=tmp_path, database_url=SecretStr(f"sqlite:///{path}"), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )


def test_what_an_earlier_release_wrote_is_served_and_goes_on(settings: Settings) -> None:
    database = Database(settings.sql_url)
    upgrade(database)
    with TestClient(create_app(settings)) as client:
        jobs = {job["name"].split(" of ")[0]: job for job in client.get("/v1/jobs").json()["data"]}
        assert {name: job["status"] for name, job in jobs.items()} == {
            "half done": "running", "range test": "succeeded", "failed": "failed", "cancelled": "cancelled",
            "waits": "queued",
        }  # fmt: skip
        assert jobs["failed"]["error"]["code"] == "out_of_memory"
        test, half = jobs["range test"]["id"], jobs["half done"]["id"]
        bounds = client.get(f"/v1/jobs/{test}/lr-bounds").json()["bounds"]
        assert 0 < bounds["base_lr"] < bounds["max_lr"] < 10
        for asked in ("", "?max_points=20"):  # as they are, and from the roll-ups that the migration makes
            (series,) = client.get(f"/v1/jobs/{half}/curves{asked}").json()["series"]
            assert {(each["step"], each["value"]) for each in series["nonfinite"]} == {(7, "nan"), (8, "inf")}
            assert 1e308 in series["y"]
        for job in jobs.values():
            for part in ("events", "checkpoints", "plot.svg"):
                assert client.get(f"/v1/jobs/{job['id']}/{part}").status_code == 200
    found = inspection.inspect_storage(database, settings.artifacts_dir)
    assert [finding.code for finding in found] == ["missing_file"]  # its one checkpoint was not kept with it
    # The old worker's lease is long over: the training resumes, and the other old jobs can be resumed too.
    assert half in registry.mend(database, max_attempts=3)
    control.resume(database, jobs["failed"]["id"])
    control.resume(database, jobs["cancelled"]["id"])
    mine = lifecycle.claim_next(database, worker="new", slots=2, free=2, lease_s=30)
    assert mine is not None
    assert (mine.job_id, mine.attempt, mine.resume_step) == (half, 2, 400)
    lifecycle.record(
        database, mine, Batch(points=[MetricPoint("train_loss", 0, step, 0.1) for step in range(400, 450)])
    )
    endings.succeed(database, mine, {})
    assert [finding.code for finding in inspection.inspect_storage(database, settings.artifacts_dir)] == [
        "missing_file"
    ]
    database.close()


def test_what_an_earlier_release_wrote_survives_the_way_up_and_down_and_up(settings: Settings) -> None:
    database = Database(settings.sql_url)
    counts = []
    for move, revision in ((upgrade, "head"), (downgrade, "0001"), (upgrade, "head")):
        move(database, revision)
        with database.engine.connect() as connection:
            counts.append([
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
                for table in ("jobs", "points", "events", "attempts", "artifacts", "idempotency_keys")
            ])  # fmt: skip
    assert counts[0] == counts[1] == counts[2]
    assert counts[0][:2] == [5, 630]
    database.close()
