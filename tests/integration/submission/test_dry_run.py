"""``POST /v1/jobs:validate``: the same checks as a submit, and nothing written."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text, update

from api.openapi.examples import JOB_SPECS
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.database.tables.metadata import METADATA
from jobs.scheduling import workers
from jobs.scheduling.workers import WorkerInfo
from tests.builders import conditions, lr_find, one_cycle, sweep, train

UNKNOWN = "job_0192f0c1d2e37f4a8b5c6d7e8f901234"


def rows(database: Database) -> dict[str, int]:
    with database.engine.connect() as connection:
        return {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() or 0 for name in METADATA.tables
        }


def validated(client: TestClient, spec: dict[str, Any]) -> dict[str, Any]:
    response = client.post("/v1/jobs:validate", json=spec)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    assert document["object"] == "validation"
    return document


def with_bounds(client: TestClient, database: Database) -> str:
    job = str(client.post("/v1/jobs", json=lr_find()).json()["id"])
    with database.write() as session:
        result = {"bounds": {"base_lr": 0.01, "max_lr": 0.4}, "warnings": []}
        session.execute(update(Job).where(Job.id == job).values(status="succeeded", result=result))
    return job


def test_a_range_test_is_judged_and_nothing_is_written(client: TestClient, database: Database) -> None:
    before = rows(database)
    found = validated(client, lr_find(labels={"project": "demo"}))
    assert rows(database) == before
    assert (found["kind"], found["total_steps"], found["rank_batch_size"], found["slots"]) == ("lr_find", 40, 32, 2)
    assert found["spec"]["conditions"]["optimizer"]["weight_decay"] == 0
    assert found["children"] == []
    job = client.post("/v1/jobs", json=lr_find(labels={"project": "demo"})).json()
    assert (found["fingerprint"], found["spec"], found["resolved"]) == (
        job["fingerprint"], job["spec"], job["resolved"],
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name in JOB_SPECS if name != "train_with_bounds"])
def test_the_examples_are_legal(client: TestClient, name: str) -> None:
    found = validated(client, JOB_SPECS[name]["value"])
    steps = {
        "lr_find": 300, "sweep": 900, "train": 135,  # 12 epochs of 1437 by 128
        "compare": 300 + 3 * (480 + 5 * 60),  # the range test, then of each seed the long arm and five short ones
    }  # fmt: skip
    assert found["total_steps"] == steps[name]


def test_a_training_that_finds_its_bounds_first_says_what_it_starts(client: TestClient) -> None:
    found = validated(client, train(schedule=one_cycle("auto")))
    assert (found["total_steps"], found["waits_for"]) == (20, None)
    assert [(child["kind"], child["total_steps"]) for child in found["children"]] == [("lr_find", 300)]
    assert "job_" not in str(found["resolved"])


def test_a_sweep_is_the_sum_of_its_cells(client: TestClient) -> None:
    found = validated(client, sweep(over={"world_size": [1, 2]}))
    assert (found["slots"], found["total_steps"], found["resolved"]) == (2, 80, {})
    assert [child["slots"] for child in found["children"]] == [1, 2]


def test_rates_come_from_the_bounds_of_a_job(client: TestClient, database: Database) -> None:
    job = with_bounds(client, database)
    asked = train(conditions=None, schedule=one_cycle({"from_job": job}))
    found = validated(client, asked)
    assert found["resolved"]["max_lr"] == 0.4
    assert found["spec"]["conditions"]["world_size"] == 2
    waiting = str(client.post("/v1/jobs", json=lr_find()).json()["id"])
    found = validated(client, train(conditions=None, schedule=one_cycle({"from_job": waiting})))
    assert found["waits_for"] == waiting
    assert "max_lr" not in found["resolved"]


def test_problems_are_those_of_a_submit(client: TestClient, database: Database) -> None:
    job = with_bounds(client, database)
    other = conditions(optimizer={"name": "adam"})
    bad = [
        train(schedule=one_cycle(-1)),
        train(conditions=other, schedule=one_cycle({"from_job": job})),
        train(conditions=None, schedule=one_cycle({"from_job": UNKNOWN})),
        lr_find(range_test={"start_from": {"from_job": job}}),
        sweep(over={"world_size": [1, 3]}),
        lr_find(conditions=conditions(dataset={"name": "uploaded", "options": {"id": "ds_" + 32 * "0"}})),
        lr_find(unknown=1),
    ]
    codes = []
    for spec in bad:
        judged, refused = (client.post(path, json=spec) for path in ("/v1/jobs:validate", "/v1/jobs"))
        assert judged.status_code == refused.status_code >= 400
        same = [{**each.json(), "instance": "", "request_id": ""} for each in (judged, refused)]
        assert same[0] == same[1]
        codes.append(same[0]["code"])
    assert codes == [
        "invalid_spec", "conditions_differ", "job_not_found", "unusable_start", "invalid_spec", "unusable_dataset",
        "invalid_spec",
    ]  # fmt: skip
    for body in (b"", b"[]", b"{"):
        assert client.post("/v1/jobs:validate", content=body).json()["code"] == "bad_body"


def test_too_few_slots_are_a_warning(client: TestClient, database: Database) -> None:
    (warning,) = validated(client, lr_find())["warnings"]
    assert warning["code"] == "no_matching_worker"
    assert "2 slots are needed, and there is no live worker" in warning["message"]
    workers.beat(database, WorkerInfo("w", "h", 1, 2, "cpu"), ttl_s=30)
    assert validated(client, lr_find())["warnings"] == []
    (warning,) = validated(client, lr_find(conditions=conditions(world_size=4)))["warnings"]
    assert "4 slots are needed, and the largest live worker has 2" in warning["message"]


def test_the_length_of_a_training_on_data_that_is_not_read_yet_is_unknown(client: TestClient) -> None:
    local = conditions(dataset={"name": "npz", "options": {"path": "mine.npz"}})
    assert validated(client, train(conditions=local, steps=None, epochs=2))["total_steps"] is None
    assert validated(client, train(conditions=local))["total_steps"] == 20
