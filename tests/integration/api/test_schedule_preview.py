"""Schedules over HTTP: what there is, and what each does."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.openapi.examples import PREVIEWS
from clr_core.schedules import one_cycle
from jobs.config.settings import Settings
from jobs.submission.schedule_preview import PreviewSpec, preview
from tests.builders import train_spec
from tests.schedules import SCHEDULES, STEPS, schedule


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """Neither broker, nor worker, nor tables: none is needed."""
    with TestClient(create_app(Settings(data_dir=tmp_path))) as client:
        yield client


def test_every_schedule_is_listed_with_help_and_schema(client: TestClient) -> None:
    entries = client.get("/v1/schedules").json()["data"]
    assert [entry["name"] for entry in entries] == list(SCHEDULES)
    for entry in entries:
        assert entry["help"].endswith(".")
        assert set(SCHEDULES[entry["name"]]) <= set(entry["schema"]["properties"])


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_can_be_previewed_and_asked_for(client: TestClient, name: str) -> None:
    response = client.post("/v1/schedules:preview", json={"schedule": schedule(name), "total_steps": STEPS})
    assert response.status_code == 200, response.text
    document = response.json()
    assert document["steps"] == list(range(STEPS))
    peak = SCHEDULES[name].get("max_lr", SCHEDULES[name].get("lr", 0.1))
    assert 0 <= min(document["lr"]) <= max(document["lr"]) <= peak
    assert (document["momentum"] is None) == ("lr" in SCHEDULES[name])
    assert train_spec(schedule=schedule(name), steps=STEPS).schedule.name == name


@pytest.mark.parametrize("name", PREVIEWS)
def test_the_examples_work(client: TestClient, name: str) -> None:
    assert client.post("/v1/schedules:preview", json=PREVIEWS[name]["value"]).status_code == 200


def test_a_preview_is_the_schedule_itself_thinned_with_first_peak_and_last(client: TestClient) -> None:
    body = {"schedule": {"name": "one_cycle", "max_lr": 0.4}, "total_steps": 100_000, "max_points": 50}
    document = client.post("/v1/schedules:preview", json=body).json()
    exact = one_cycle(0.4, 100_000, base_momentum=0.85, max_momentum=0.95)
    assert document["lr"] == [exact.lr_at(step) for step in document["steps"]]
    assert document["momentum"] == [exact.momentum_at(step) for step in document["steps"]]
    assert (document["steps"][0], document["steps"][-1], max(document["lr"])) == (0, 99_999, 0.4)
    assert len(document["steps"]) <= 51


def test_a_preview_takes_as_much_memory_for_a_long_training_as_for_a_short_one() -> None:
    spec = PreviewSpec.model_validate({"schedule": schedule("triangular"), "total_steps": 10_000_000})
    tracemalloc.start()
    try:
        document = preview(spec)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(document["lr"]) == 0.1
    assert most_bytes < 1_000_000


def test_batch_sizes_are_shown_where_they_are_asked_for(client: TestClient) -> None:
    body: dict[str, Any] = {"schedule": schedule("constant"), "total_steps": 4, "global_batch_size": 64}
    warm = {"batch_size_warm_start": {"small_batch_size": 8, "small_steps": 2}}
    assert client.post("/v1/schedules:preview", json=body).json()["batch_size"] == [64] * 4
    assert client.post("/v1/schedules:preview", json=body | warm).json()["batch_size"] == [8, 8, 64, 64]


BAD = [
    ({"schedule": {"name": "one_cycle", "max_lr": "auto"}, "total_steps": 9}, "numbers"),
    ({"schedule": {"name": "one_cycle", "max_lr": 1.0}, "total_steps": 2}, "got 2"),
    ({"schedule": {"name": "wsd", "lr": 1.0, "warmup_steps": 9, "decay_steps": 9}, "total_steps": 9}, "9"),
    ({"schedule": {"name": "linear", "lr": 0.1, "final_lr": -0.5}, "total_steps": 9}, "got -0.5"),
    ({"schedule": {"name": "piecewise", "lr": 0.1, "milestones": [5, 5]}, "total_steps": 9}, "5"),
    ({"schedule": {"name": "sawtooth"}, "total_steps": 9}, "sawtooth"),
    ({"schedule": {"name": "constant", "lr": True}, "total_steps": 9}, "got True"),
    ({"schedule": {"name": "constant", "lr": 0.1}, "total_steps": 0}, "got 0"),
    ({"schedule": {"name": "constant", "lr": 0.1}, "total_steps": 1, "warm": 1}, "/warm"),
]


@pytest.mark.parametrize(("body", "words"), BAD)
def test_a_preview_that_cannot_be_drawn_is_refused(client: TestClient, body: dict[str, Any], words: str) -> None:
    response = client.post("/v1/schedules:preview", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.json()["detail"]


def test_a_body_that_is_no_object_is_refused(client: TestClient) -> None:
    assert client.post("/v1/schedules:preview", content=b"[1").status_code == 400
