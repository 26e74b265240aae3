"""The API over a real database, with a broker that is down."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.openapi.examples import JOB_SPECS
from jobs.database.records import Batch, MetricPoint
from jobs.database.session import Database
from jobs.lifecycle import claims
from tests.api_requests import assert_problem
from tests.builders import conditions, lr_find, one_cycle, sweep, train


def test_a_post_is_accepted_while_the_broker_is_down(client: TestClient) -> None:
    response = client.post("/v1/jobs", json=lr_find())
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["status"], job["is_terminal"], job["kind"]) == ("queued", False, "lr_find")
    assert client.get(response.headers["location"]).json() == job


@pytest.mark.parametrize("name", ["lr_find", "train"])
def test_the_examples_of_the_openapi_document_are_accepted(client: TestClient, name: str) -> None:
    assert client.post("/v1/jobs", json=JOB_SPECS[name]["value"]).status_code == 202


@pytest.mark.parametrize("path", ["", "/lr-bounds", "/curves", "/cancel"])
@pytest.mark.parametrize("job_id", ["job_" + "0" * 32, "nonsense", "%00", "..%2f..", "é"])
def test_an_unknown_job_is_a_404(client: TestClient, job_id: str, path: str) -> None:
    method = "POST" if path == "/cancel" else "GET"
    response = client.request(method, f"/v1/jobs/{job_id}{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_an_unknown_route_and_a_wrong_method_are_problems_too(client: TestClient) -> None:
    assert_problem(client.get("/v2/nothing"), 404, "not_found")
    response = client.put("/v1/jobs", json={})
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"]


def test_the_same_key_and_body_give_the_same_job_and_another_body_a_conflict(client: TestClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first = client.post("/v1/jobs", json=lr_find(), headers=headers)
    second = client.post("/v1/jobs", json=lr_find(), headers=headers)
    assert first.status_code == second.status_code == 202
    assert first.json()["id"] == second.json()["id"]
    other = client.post("/v1/jobs", json=lr_find(seed=1), headers=headers)
    assert_problem(other, 409, "idempotency_key_reused")
    assert len(client.get("/v1/jobs").json()["data"]) == 1


def test_bounds_are_a_conflict_until_there_are_some(client: TestClient) -> None:
    find, training = (client.post("/v1/jobs", json=body).json()["id"] for body in (lr_find(), train()))
    response = client.get(f"/v1/jobs/{find}/lr-bounds")
    assert_problem(response, 409, "bounds_not_ready")
    assert response.headers["retry-after"]
    assert_problem(client.get(f"/v1/jobs/{training}/lr-bounds"), 409, "no_bounds")


def test_bounds_of_other_conditions_are_a_conflict_that_lists_the_fields(client: TestClient) -> None:
    source = client.post("/v1/jobs", json=lr_find()).json()["id"]
    schedule = one_cycle({"from_job": source})
    body = train(schedule=schedule, conditions=conditions(global_batch_size=128))
    document = assert_problem(client.post("/v1/jobs", json=body), 409, "conditions_differ")
    assert [error["pointer"] for error in document["errors"]] == ["/conditions/global_batch_size"]
    assert client.post("/v1/jobs", json=body | {"allow_different_conditions": True}).status_code == 202


def test_a_source_that_is_not_there_is_a_404(client: TestClient) -> None:
    body = train(schedule=one_cycle({"from_job": "job_" + "0" * 32}), conditions=None)
    assert_problem(client.post("/v1/jobs", json=body), 404, "job_not_found")


def test_the_list_pages_from_new_to_old(client: TestClient) -> None:
    ids = [client.post("/v1/jobs", json=lr_find(seed=seed)).json()["id"] for seed in range(5)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = client.get("/v1/jobs", params=query).json()
        seen += [job["id"] for job in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == ids[::-1]
    assert client.get("/v1/jobs", params={"status": "running"}).json()["data"] == []
    assert_problem(client.get("/v1/jobs", params={"limit": 0}), 422, "invalid_request")
    assert_problem(client.get("/v1/jobs", params={"cursor": "\x00"}), 422, "invalid_request")


def test_curves_are_served_by_step_and_by_lr_with_their_holes(client: TestClient, database: Database) -> None:
    job_id = client.post("/v1/jobs", json=lr_find()).json()["id"]
    mine = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert mine is not None
    losses = [3.0, 2.0, float("nan"), 1.0, float("inf")]
    points = [MetricPoint("train_loss", 0, step, loss) for step, loss in enumerate(losses)]
    points += [MetricPoint("lr", 0, step, 10.0**step) for step in range(5)]
    claims.record(database, mine, Batch(points=points))
    document = client.get(f"/v1/jobs/{job_id}/curves", params={"metric": "train_loss", "x": "lr"}).json()
    (series,) = document["series"]
    assert series["x"] == [1.0, 10.0, 100.0, 1000.0, 10_000.0]
    assert series["y"] == [3.0, 2.0, None, 1.0, None]
    assert series["nonfinite"] == [{"step": 2, "value": "nan"}, {"step": 4, "value": "inf"}]
    assert series["min"] == series["last"] == {"step": 3, "value": 1.0}
    by_step = client.get(f"/v1/jobs/{job_id}/curves").json()
    assert [each["metric"] for each in by_step["series"]] == ["lr", "train_loss"]
    assert by_step["series"][1]["x"] == [0, 1, 2, 3, 4]


def test_the_openapi_document_describes_specs_and_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operation = document["paths"]["/v1/jobs"]["post"]
    media = operation["requestBody"]["content"]["application/json"]
    assert set(media["examples"]) == set(JOB_SPECS)
    references = json.dumps(document).count('"#/components/schemas/')
    assert references > 20
    for part in json.dumps(document).split('"#/components/schemas/')[1:]:
        assert part.split('"')[0] in document["components"]["schemas"]
    assert {"202", "400", "404", "409", "413", "422"} <= set(operation["responses"])


def test_a_sweep_has_a_table_progress_and_refusals_by_place(client: TestClient) -> None:
    job = client.post("/v1/jobs", json=sweep()).json()
    assert (job["kind"], job["status"], len(job["children"])) == ("sweep", "queued", 3)
    assert job["progress"]["total_steps"] == 3 * 40
    found = client.get(job["links"]["table"]).json()
    assert [cell["status"] for cell in found["cells"]] == ["queued"] * 3
    assert (found["object"], found["is_final"]) == ("sweep_table", False)
    assert [each["id"] for each in client.get("/v1/jobs?kind=sweep").json()["data"]] == [job["id"]]
    refused = assert_problem(client.post("/v1/jobs", json=sweep(over={"world_size": [1, 3]})), 422, "invalid_spec")
    assert refused["errors"] == [{
        "pointer": "/over/world_size/1", "code": "not_divisible",
        "detail": "global_batch_size: must be a multiple of world_size = 3, got 3",
    }]  # fmt: skip
    assert_problem(client.get(f"/v1/jobs/{job['children'][0]}/table"), 409, "no_table")
