"""Curves as CSV, on both databases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.records import Batch, MetricPoint
from jobs.database.session import Database
from jobs.lifecycle import claims
from jobs.submission import submit
from tests.attempts import claim, points
from tests.builders import train_spec


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path, database_url=SecretStr(database_url), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )


def asked_by(client: TestClient, job_id: str) -> list[Callable[[], Any]]:
    path = f"/v1/jobs/{job_id}/curves"
    return [
        lambda: client.get(path, params={"format": "csv"}),
        lambda: client.get(path, headers={"Accept": "text/csv"}),
    ]


def test_curves_as_csv_have_every_point_and_every_digit(database: Database, settings: Settings) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    values = [1 / 3, float("nan"), float("inf"), -1e-300, *[float(step) for step in range(4, 5000)]]
    losses = [MetricPoint("train_loss", 0, step, value) for step, value in enumerate(values)]
    claims.record(database, claim(database), Batch(points=[*losses, *points(0, 2, "lr")]))
    with TestClient(create_app(settings)) as client:
        for ask in asked_by(client, job_id):
            answer = ask()
            assert answer.headers["content-type"].startswith("text/csv")
            header, *lines = answer.text.splitlines()
            assert header == "metric,replica,step,value"
            assert lines[:2] == ["lr,0,0,0.0", "lr,0,1,1.0"]
            found = [line.split(",") for line in lines[2:]]
            assert [row[3] for row in found] == [repr(value) for value in values]
            assert [int(row[2]) for row in found] == list(range(5000))
        only = client.get(f"/v1/jobs/{job_id}/curves", params={"format": "csv", "metric": "lr"})
        assert len(only.text.splitlines()) == 3
        assert client.get(f"/v1/jobs/{job_id}/curves").json()["object"] == "curves"
        missing = client.get("/v1/jobs/job_" + "0" * 32 + "/curves", params={"format": "csv"})
        assert missing.json()["code"] == "job_not_found"
