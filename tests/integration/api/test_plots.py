"""Plots over a real database: what is drawn at each stage of a job, and how it is cached."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.plots.figure import Line
from api.plots.job_figure import figure_of
from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.errors import NoPlotError
from jobs.lifecycle import claims, finish
from tests.builders import lr_find, one_cycle, sweep, train


@pytest.fixture
def database(sqlite_url: str, open_database: Callable[[str], Database]) -> Database:
    return open_database(sqlite_url)


@pytest.fixture
def client(tmp_path: Path, database: Database) -> Iterator[TestClient]:
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(str(database.engine.url)),
        broker_url=SecretStr("redis://127.0.0.1:1/0"),
    )  # fmt: skip
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def submitted(client: TestClient, spec: dict[str, Any]) -> str:
    return str(client.post("/v1/jobs", json=spec).json()["id"])


def claimed(database: Database) -> Claim:
    claim = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=60)
    assert claim is not None
    return claim


def measured(database: Database, claim: Claim, losses: list[float], steps: int = 40) -> None:
    points = []
    for step, loss in enumerate(losses):
        lr = 1e-5 * 10 ** (6 * step / (steps - 1))
        points += [MetricPoint("train_loss", 0, step, loss), MetricPoint("lr", 0, step, lr)]
    claims.record(database, claim, Batch(points=points))


def falling() -> list[float]:
    lrs = [1e-5 * 10 ** (6 * step / 39) for step in range(40)]
    return [2.3 - 2.0 / (1 + (lr / 0.02) ** -1.2) + (lr / 1.0) ** 3 for lr in lrs]


def test_a_range_test_is_drawn_while_it_runs_and_when_it_has_ended(client: TestClient, database: Database) -> None:
    job = submitted(client, lr_find())
    waiting = client.get(f"/v1/jobs/{job}/plot.svg")
    assert "No points yet." in waiting.text
    assert waiting.headers["cache-control"] == "private, no-cache"
    claim = claimed(database)
    measured(database, claim, falling())
    assert "Running" in client.get(f"/v1/jobs/{job}/plot.svg").text
    finish.succeed(database, claim, {})
    done = client.get(f"/v1/jobs/{job}/plot.svg")
    assert done.headers["content-type"] == "image/svg+xml"
    assert done.headers["etag"] != waiting.headers["etag"]
    assert "max-age" in done.headers["cache-control"]
    ET.fromstring(done.content)
    lr = client.get(f"/v1/jobs/{job}/lr-bounds").json()["bounds"]["max_lr"]
    assert f"max_lr {lr:.3g}" in done.text
    document = client.get(f"/v1/jobs/{job}/plot.json").json()
    assert set(document) == {"data", "layout"}
    assert f"max_lr {lr:.3g}" in json.dumps(document)


def test_a_picture_that_is_known_is_not_sent_again(client: TestClient) -> None:
    job = submitted(client, lr_find())
    for suffix in ("svg", "png", "json"):
        path = f"/v1/jobs/{job}/plot.{suffix}"
        first = client.get(path)
        assert client.get(path).content == first.content
        again = client.get(path, headers={"If-None-Match": f'W/"x", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(path, params={"theme": "dark"}).headers["etag"] != first.headers["etag"]


def test_a_training_with_a_loss_that_is_nan_is_drawn(client: TestClient, database: Database) -> None:
    job = submitted(client, train())
    claim = claimed(database)
    measured(database, claim, [2.0, 1.5, float("nan"), 1.0])
    picture = client.get(f"/v1/jobs/{job}/plot.png", params={"width": 500, "height": 400})
    assert picture.content.startswith(b"\x89PNG")
    assert picture.headers["content-type"] == "image/png"
    text = client.get(f"/v1/jobs/{job}/plot.svg").text
    assert "Training with one_cycle: mlp on digits" in text


def test_a_training_that_waits_is_drawn_under_the_conditions_of_its_bounds(client: TestClient) -> None:
    source = submitted(client, lr_find())
    job = submitted(client, train(conditions=None, schedule=one_cycle({"from_job": source})))
    text = client.get(f"/v1/jobs/{job}/plot.svg").text
    assert "Training with one_cycle: mlp on digits" in text
    assert f"Waits for {source}" in text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/v1/jobs/job_" + "0" * 32 + "/plot.svg", 404, "job_not_found"), ("{job}/plot.gif", 404, "not_found"),
     ("{job}/plot.svg?width=10", 422, "invalid_request"), ("{job}/plot.png?height=99999", 422, "invalid_request"),
     ("{job}/plot.json?theme=pink", 422, "invalid_request")],
)  # fmt: skip
def test_refusals_are_problems(client: TestClient, path: str, status: int, code: str) -> None:
    response = client.get(path.format(job=f"/v1/jobs/{submitted(client, lr_find())}"))
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code


def test_a_kind_without_pictures_is_refused(database: Database) -> None:
    with database.read() as session, pytest.raises(NoPlotError, match="tea"):
        figure_of(session, Job(id="job_1", kind="tea"))


def test_a_sweep_is_drawn_from_the_curves_of_its_children(client: TestClient, database: Database) -> None:
    job_id = submitted(client, sweep(over={"optimizer.momentum": [0.5, 0.9]}))
    child = claimed(database)
    measured(database, child, falling())
    with database.read() as session:
        figure = figure_of(session, queries.get_job(session, job_id))
    momentum = child.job.conditions.model_dump()["optimizer"]["momentum"]
    assert [item.name for item in figure.panels[0].items if isinstance(item, Line)] == [f"momentum {momentum}"]
    assert figure.verdict == "0 of 2 conditions have bounds, more to come"
    assert figure.title == "LR range tests over momentum: mlp on digits, SGD, batch 64 over 2 ranks"
    assert client.get(f"/v1/jobs/{job_id}/plot.svg").status_code == 200
