"""Bodies of jobs that are refused: the field, the value and the legal range are named."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api_requests import assert_problem
from tests.builders import lr_find, one_cycle, train


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
    ("/name", "a\u0007b", "control_character", "printable"),
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
