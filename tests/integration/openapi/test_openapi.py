"""The OpenAPI document says everything of every operation, and ``/v1`` stays as it is."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from api.access.middleware import READING_POSTS
from api.app import create_app
from api.http.status_codes import STATUS_OF
from api.openapi.examples import ANSWERS
from jobs.config.settings import Settings
from tests import openapi

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
OPERATIONS = [
    pytest.param(method.upper(), path, operation, id=f"{method.upper()} {path}")
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
EVERY_OPERATION = pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
BINARY = ("application/octet-stream", "image/png")


def judge(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def examples_of(media: dict[str, Any]) -> list[Any]:
    return [media["example"]] if "example" in media else [each["value"] for each in media.get("examples", {}).values()]


@EVERY_OPERATION
def test_every_operation_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"], (method, path)
    assert len(operation["description"]) > 20
    assert operation["tags"]


@EVERY_OPERATION
def test_every_operation_has_examples_that_hold_to_their_schemas(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    contents = [operation.get("requestBody", {}).get("content", {})]
    contents += [each.get("content", {}) for each in operation["responses"].values()]
    for kind, media in ((kind, media) for content in contents for kind, media in content.items()):
        found = examples_of(media)
        assert found or kind in BINARY, (method, path, kind)
        for example in found:
            errors = [
                f"{error.instance_path}: {error.message}" for error in judge(media["schema"]).iter_errors(example)
            ]
            assert not errors, (kind, errors)
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"] != "suffix":
            assert judge(parameter["schema"]).is_valid(parameter["example"]), parameter["name"]


@EVERY_OPERATION
def test_every_operation_lists_its_problems_by_code(method: str, path: str, operation: dict[str, Any]) -> None:
    listed = openapi.codes(operation)
    problems = {status for status in operation["responses"] if status >= "400"}
    if path == "/readyz":
        problems.discard("503")  # the same document as at 200
    assert problems == set(listed)
    assert {"400", "403", "422", "500"} <= set(listed)
    for status, response in operation["responses"].items():
        if status in listed:
            assert set(response["content"]) == {"application/problem+json"}
            assert all(f"`{code}`: " in response["description"] for code in listed[status])
            for each in examples_of(response["content"]["application/problem+json"]):
                assert str(each["status"]) == status
    if path.startswith("/v1/"):
        assert {"401", "429", "503"} <= set(listed)
        assert "database_unavailable" in listed["503"]
        writes = method != "GET" and path not in READING_POSTS
        assert ("storage_full" in listed.get("507", [])) == ("storage_read_only" in listed["503"]) == writes
    if "{job_id}" in path:
        assert "job_not_found" in listed["404"]


def test_every_error_of_the_service_stands_at_some_operation() -> None:
    listed = {
        code for *_, operation in (each.values for each in OPERATIONS) for codes in openapi.codes(operation).values()  # type: ignore[arg-type]
        for code in codes
    }  # fmt: skip
    assert {error.code for error in STATUS_OF} <= listed


def test_the_examples_are_of_documents_that_there_are() -> None:
    assert set(ANSWERS) <= set(DOCUMENT["components"]["schemas"])


def test_v1_is_as_it_was() -> None:
    """Additions are legal, see "Changes and deprecation" in docs/api.md; then run ``python -m tests.openapi``."""
    assert openapi.text() == openapi.FROZEN.read_text(), (
        "the contract has changed: python -m tests.openapi, and look at the diff"
    )
