"""Keys: what they open, and when they end."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.access.middleware import PUBLIC
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.session import Database
from jobs.database.tables.service import ApiKey
from tests.api_requests import ADMIN_KEY, assert_problem, bearer, filled, operations, submit
from tests.builders import lr_find


def test_every_operation_that_is_not_on_the_public_list_asks_for_a_key(client: TestClient) -> None:
    asked = [operation for operation in operations(client) if operation not in PUBLIC]
    assert len(asked) >= 10
    for method, path in asked:
        response = client.request(method, filled(path), json={})
        assert_problem(response, 401, "key_required")
        assert response.headers["www-authenticate"].startswith("Bearer")
    assert_problem(client.get("/v9/nothing"), 401, "key_required")


@pytest.mark.parametrize(
    "header", ["Bearer clr_wrong", "Bearer ", "Basic YTpi", "Bearer " + "x" * 5000, "bearer\tx", "Bearer \xff"]
)
def test_a_key_that_is_none_is_refused(client: TestClient, header: str) -> None:
    response = client.get("/v1/jobs", headers=[(b"Authorization", header.encode("latin-1"))])
    assert_problem(response, 401, "invalid_key")
    assert "clr_wrong" not in response.text


def test_a_scope_is_enough_for_what_it_includes_and_no_more(
    client: TestClient, key_of: Callable[..., dict[str, str]]
) -> None:
    reader, submitter = key_of("reader", Scope.READ), key_of("submitter")
    assert client.get("/v1/jobs", headers=reader).status_code == 200
    preview = {"schedule": {"name": "one_cycle", "max_lr": 0.1}, "total_steps": 100}
    assert client.post("/v1/schedules:preview", json=preview, headers=reader).status_code == 200
    assert_problem(client.post("/v1/jobs", json=lr_find(), headers=reader), 403, "scope_missing")
    assert_problem(client.get("/v1/keys", headers=submitter), 403, "scope_missing")
    assert_problem(
        client.post("/v1/keys", json={"name": "x", "scope": "admin"}, headers=submitter), 403, "scope_missing"
    )


def test_a_key_is_shown_once_stored_hashed_and_dead_when_revoked(client: TestClient, database: Database) -> None:
    admin = bearer(ADMIN_KEY)
    made = client.post("/v1/keys", json={"name": "ada", "expires_in_s": 3600}, headers=admin)
    assert made.status_code == 201
    secret, key_id = made.json()["key"], made.json()["id"]
    assert len(secret) == len("clr_") + 43
    submit(client, bearer(secret))
    (listed,) = client.get("/v1/keys", headers=admin).json()["data"]
    assert "key" not in listed
    assert listed["last_used_at"] is not None
    assert listed["expires_at"] > listed["created_at"]
    with database.read() as session:
        row = session.scalars(select(ApiKey)).one()
        assert secret not in str(row.__dict__)
        assert row.key_sha256 == api_keys.digest(secret)
    for _ in range(2):
        assert client.delete(f"/v1/keys/{key_id}", headers=admin).json()["revoked_at"] is not None
    assert_problem(client.get("/v1/jobs", headers=bearer(secret)), 401, "invalid_key")
    assert_problem(client.delete("/v1/keys/key_nonsense", headers=admin), 404, "key_not_found")


def test_a_key_ends_when_it_expires(
    client: TestClient, database: Database, key_of: Callable[..., dict[str, str]]
) -> None:
    headers = key_of("ada", expires_in_s=100.0)
    assert client.get("/v1/jobs", headers=headers).status_code == 200
    with database.write() as session:
        session.execute(update(ApiKey).values(expires_at=ApiKey.created_at - 1))
    assert_problem(client.get("/v1/jobs", headers=headers), 401, "invalid_key")


def test_the_last_use_is_written_at_most_once_a_minute(
    client: TestClient, database: Database, key_of: Callable[..., dict[str, str]]
) -> None:
    headers, seen = key_of("ada"), set()
    for ago in (None, 0.0, 59.0, 61.0):
        with database.write() as session:
            if ago is not None:
                session.execute(update(ApiKey).values(last_used_at=ApiKey.last_used_at - ago))
                before = session.scalars(select(ApiKey.last_used_at)).one()
            else:
                before = None
        client.get("/v1/jobs", headers=headers)
        with database.read() as session:
            seen.add((ago, session.scalars(select(ApiKey.last_used_at)).one() == before))
    assert seen == {(None, False), (0.0, True), (59.0, True), (61.0, False)}


def test_bad_keys_specs_are_refused(client: TestClient) -> None:
    for body in (
        {},
        {"name": ""},
        {"name": "a\u0000"},
        {"name": "a", "scope": "root"},
        {"name": "a", "expires_in_s": 0},
    ):
        assert_problem(client.post("/v1/keys", json=body, headers=bearer(ADMIN_KEY)), 422, "invalid_spec")
