"""The API over a real database, with a broker that is down: what is refused, and how."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.examples import JOB_SPECS
from jobs import lifecycle
from jobs.db import Database
from jobs.rows import Batch, MetricPoint
from jobs.settings import Settings
from migrations.run import downgrade
from tests.builders import conditions, lr_find, one_cycle, sweep, train


def dead_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["code"] == code, document
    assert document["type"] == f"/problems/{code.replace('_', '-')}"
    assert document["request_id"] == response.headers["x-request-id"]
    return document


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


def changed(document: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """A deep copy with one place changed."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    *path, last = pointer.strip("/").split("/")
    place = copy
    for part in path:
        place = place[part]
    place[last] = value
    return copy


ADAM = {"name": "adamw", "betas": [0.9, 1.5]}
BAD_FIELDS = [
    ("/conditions/model/name", "resnet9000", "unknown_model", "resnet8"),
    ("/conditions/model/options/hidden", [0], "greater_than_equal", "1"),
    ("/conditions/dataset/name", "imagenet", "union_tag_invalid", "digits"),
    ("/conditions/optimizer/name", "lion", "union_tag_invalid", "sgd"),
    ("/conditions/optimizer/momentum", 1.0, "less_than", "1"),
    ("/conditions/optimizer/momentum", True, "float_type", "number"),
    ("/conditions/optimizer", ADAM, "less_than", "1"),
    ("/conditions/world_size", True, "int_type", "integer"),
    ("/conditions/world_size", 0, "greater_than_equal", "1"),
    ("/conditions/global_batch_size", 63, "not_divisible", "world_size = 2"),
    ("/conditions/global_batch_size", 1438, "batch_larger_than_dataset", "1437"),
    ("/conditions/global_batch_size", "64", "int_type", "integer"),
    ("/conditions/global_batch_size", 10**30, "less_than_equal", "1000000"),
    ("/conditions/precision", "fp8", "literal_error", "bf16"),
    ("/range_test/steps", 2, "greater_than_equal", "10"),
    ("/range_test/end_lr", 1e-9, "not_above_start_lr", "start_lr = 1e-05"),
    ("/range_test/spacing", "cubic", "literal_error", "linear"),
    ("/range_test/replicas", 0, "greater_than_equal", "1"),
    ("/range_test/measure", "loss", "literal_error", "val_accuracy"),
    ("/range_test/measure_every", 2, "measure_every_unused", "val_loss"),
    ("/range_test/vary", "seed", "literal_error", "data_order"),
    ("/range_test/bisect", "yes", "bool_type", "boolean"),
    ("/range_test/start_from", {"from_job": "job_1"}, "string_pattern_mismatch", "job_"),
    ("/seed", -1, "greater_than_equal", "0"),
    ("/name", "a\u0000b", "control_character", "printable"),
    ("/kind", "tune", "union_tag_invalid", "lr_find"),
    ("/max_rl", 1, "extra_forbidden", ""),
    ("/conditions/max_rl", 1, "extra_forbidden", ""),
]


@pytest.mark.parametrize(("pointer", "value", "code", "legal"), BAD_FIELDS)
def test_a_bad_field_is_named_with_its_value_and_the_legal_range(
    client: TestClient, pointer: str, value: Any, code: str, legal: str
) -> None:
    response = client.post("/v1/jobs", json=changed(lr_find(), pointer, value))
    document = assert_problem(response, 422, "invalid_spec")
    (error,) = [error for error in document["errors"] if error["code"] == code]
    assert error["pointer"].startswith(pointer) or pointer.rsplit("/", 1)[0] == error["pointer"] or pointer == "/kind"
    assert legal in error["detail"]
    assert document["detail"]


BAD_SCHEDULES = [
    ({"name": "triangular", "base_lr": 0.5, "max_lr": 0.5, "step_size": 5}, "/schedule/base_lr", "max_lr = 0.5"),
    ({"name": "triangular", "base_lr": 0.9, "max_lr": 0.5, "step_size": 5}, "/schedule/base_lr", "got 0.9"),
    ({"name": "triangular", "max_lr": 0.5, "step_size": 5}, "/schedule", "base_lr is needed"),
    ({"name": "triangular", "base_lr": 0.1, "max_lr": 0.5}, "/schedule", "step_size"),
    ({"name": "one_cycle", "max_lr": 0}, "/schedule/max_lr", "greater than 0"),
    ({"name": "one_cycle", "max_lr": "big"}, "/schedule/max_lr", "'auto'"),
    ({"name": "one_cycle", "max_lr": True}, "/schedule/max_lr", "got True"),
    ({"name": "one_cycle", "max_lr": {"from_job": "x"}}, "/schedule/max_lr/from_job", "pattern"),
    ({"name": "one_cycle", "max_lr": 1.0, "base_momentum": 0.99}, "/schedule/base_momentum", "max_momentum"),
    ({"name": "one_cycle", "max_lr": 1.0, "div_factor": 1}, "/schedule/div_factor", "greater than 1"),
]


@pytest.mark.parametrize(("schedule", "pointer", "words"), BAD_SCHEDULES)
def test_a_bad_schedule_is_refused(client: TestClient, schedule: dict[str, Any], pointer: str, words: str) -> None:
    document = assert_problem(client.post("/v1/jobs", json=train(schedule=schedule)), 422, "invalid_spec")
    assert document["errors"][0]["pointer"] == pointer
    assert words in document["errors"][0]["detail"]


@pytest.mark.parametrize("length", [{}, {"steps": 10, "epochs": 1}])
def test_a_training_is_as_long_as_its_epochs_or_its_steps(client: TestClient, length: dict[str, Any]) -> None:
    body = {key: value for key, value in train().items() if key != "steps"} | length
    document = assert_problem(client.post("/v1/jobs", json=body), 422, "invalid_spec")
    assert "exactly one of epochs and steps" in document["detail"]


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_training_too_short_for_its_schedule_is_refused(client: TestClient, steps: int) -> None:
    document = assert_problem(client.post("/v1/jobs", json=train(steps=steps)), 422, "invalid_spec")
    assert f"got {steps}" in document["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(client: TestClient, number: str) -> None:
    text = json.dumps(train(schedule=one_cycle(12345.0))).replace("12345.0", number)
    document = assert_problem(client.post("/v1/jobs", content=text), 422, "invalid_spec")
    assert document["errors"][0]["pointer"] == "/schedule/max_lr"


def test_an_integer_of_ten_thousand_digits_is_refused(client: TestClient) -> None:
    text = json.dumps(train(steps=77777)).replace("77777", "9" * 10_000)
    response = client.post("/v1/jobs", content=text)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe{}", b'{"name": "\xc3\x28"}', b"[" * 100_000, b'{"a":' * 50_000],
    ids=["empty", "cut off", "list", "string", "null", "utf-16 mark", "bad utf-8", "deep list", "deep object"],
)
def test_a_body_that_is_no_json_object_is_refused(client: TestClient, body: bytes) -> None:
    assert_problem(client.post("/v1/jobs", content=body), 400, "bad_body")


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    assert_problem(client.post("/v1/jobs", content=b" " * 400_000), 413, "body_too_large")


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
    mine = lifecycle.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert mine is not None
    losses = [3.0, 2.0, float("nan"), 1.0, float("inf")]
    points = [MetricPoint("train_loss", 0, step, loss) for step, loss in enumerate(losses)]
    points += [MetricPoint("lr", 0, step, 10.0**step) for step in range(5)]
    lifecycle.record(database, mine, Batch(points=points))
    document = client.get(f"/v1/jobs/{job_id}/curves", params={"metric": "train_loss", "x": "lr"}).json()
    (series,) = document["series"]
    assert series["x"] == [1.0, 10.0, 100.0, 1000.0, 10_000.0]
    assert series["y"] == [3.0, 2.0, None, 1.0, None]
    assert series["nonfinite"] == [{"step": 2, "value": "nan"}, {"step": 4, "value": "inf"}]
    assert series["min"] == series["last"] == {"step": 3, "value": 1.0}
    by_step = client.get(f"/v1/jobs/{job_id}/curves").json()
    assert [each["metric"] for each in by_step["series"]] == ["lr", "train_loss"]
    assert by_step["series"][1]["x"] == [0, 1, 2, 3, 4]


def test_a_server_without_broker_and_workers_says_that_it_is_not_ready(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "ok", "broker": "does not answer", "workers": "none is alive",
    }  # fmt: skip


def test_a_database_without_tables_is_not_ready(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        assert "clr migrate" in client.get("/readyz").json()["checks"]["database"]


def test_a_database_of_an_older_version_is_not_ready(settings: Settings, database: Database) -> None:
    downgrade(database, "0004")
    with TestClient(create_app(settings)) as client:
        check = client.get("/readyz").json()["checks"]["database"]
    assert check.startswith("is of an older version (no ")
    assert check.endswith("run clr migrate")


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
