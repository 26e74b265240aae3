"""U+0000, which PostgreSQL does not store: refused at the edge, and a row that has it all the same harms nobody."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from jobs.database.session import Database
from tests.api_requests import assert_problem, filled, operations
from tests.archives import LEGAL
from tests.builders import lr_find

BODIES = [
    ({"name": "a\0b"}, "/name"),
    ({"labels": {"project": "\0"}}, "/labels/project"),
    ({"labels": {"pro\0ject": "demo"}}, "/labels/pro\0ject"),
    ({"conditions": {"model": {"name": "mine", "options": {"layers": [1, {"\0": 2}]}}}},
     "/conditions/model/options/layers/1/\0"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "pointer"), BODIES)
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs:validate"])
def test_a_body_with_it_is_refused_at_any_depth(
    client: TestClient, path: str, changes: dict[str, Any], pointer: str
) -> None:
    document = assert_problem(client.post(path, json=lr_find() | changes), 422, "invalid_spec")
    assert [(error["pointer"], error["code"]) for error in document["errors"]] == [(pointer, "control_character")]


def test_a_backslash_before_u0000_is_text_like_any_other(client: TestClient) -> None:
    assert client.post("/v1/jobs", json=lr_find(name="\\u0000")).status_code == 202


def test_no_path_and_no_parameter_may_hold_it(client: TestClient) -> None:
    for method, path in operations(client):
        if "{" in path:
            holding = filled(path.replace("{job_id}", "%00").replace("{name}", "a%00").replace("{dataset_id}", "%00"))
            if "%00" in holding:
                assert_problem(client.request(method, holding), 404, "not_found")
    for query in ("name=%00", "metric=a%00", "%00=1", "after=%00", "format=csv&metric=%00"):
        for path in ("/v1/jobs", "/v1/jobs/x/curves", "/v1/jobs/x/logs", "/v1/events", "/v1/datasets"):
            assert_problem(client.get(f"{path}?{query}"), 422, "invalid_request")
    assert_problem(client.post("/v1/datasets?name=%00", content=b"x"), 422, "invalid_request")


def test_a_stored_row_that_holds_it_is_in_nobodys_way(client: TestClient, database: Database) -> None:
    dataset_id = client.post("/v1/datasets", content=LEGAL).json()["id"]
    job_id = client.post("/v1/jobs", json=lr_find()).json()["id"]
    with database.write() as session:  # as a version could that did not refuse it
        poisoned = """{"conditions": {"dataset": {"options": {"x": "\\u0000"}}}}"""
        assert session.bind is not None
        session.execute(text("UPDATE jobs SET spec = CAST(:spec AS JSON) WHERE id = :id" if session.bind.dialect.name
                             == "postgresql" else "UPDATE jobs SET spec = :spec WHERE id = :id"),
                        {"spec": poisoned, "id": job_id})  # fmt: skip
    assert client.get("/v1/jobs").status_code == 200
    assert client.delete(f"/v1/datasets/{dataset_id}").status_code == 204
