"""Sessions of browsers."""

from fastapi.testclient import TestClient

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.session import Database
from tests.api_requests import assert_problem
from tests.builders import lr_find


def test_a_session_needs_its_csrf_token_to_change_anything_and_ends_at_log_out(
    client: TestClient, database: Database
) -> None:
    secret = api_keys.create(database, name="ada", scope=Scope.SUBMIT).secret
    assert_problem(client.post("/v1/session", json={"key": "clr_wrong"}), 401, "invalid_key")
    entered = client.post("/v1/session", json={"key": secret})
    assert entered.status_code == 200
    cookie = entered.headers["set-cookie"]
    assert all(word in cookie.lower() for word in ("httponly", "samesite=strict", "path=/"))
    assert secret not in cookie
    assert client.get("/v1/jobs").status_code == 200
    shown = client.get("/v1/session").json()
    assert shown == entered.json()
    assert_problem(client.post("/v1/jobs", json=lr_find()), 403, "csrf_token_missing")
    wrong = {"X-CSRF-Token": "0" * 64}
    assert_problem(client.post("/v1/jobs", json=lr_find(), headers=wrong), 403, "csrf_token_missing")
    right = {"X-CSRF-Token": shown["csrf_token"]}
    assert client.post("/v1/jobs", json=lr_find(), headers=right).status_code == 202
    token = client.cookies["clr_session"]
    assert client.delete("/v1/session", headers=right).status_code == 204
    client.cookies.set("clr_session", token)
    assert_problem(client.get("/v1/jobs"), 401, "session_ended")


def test_a_session_ends_with_its_key_and_its_cookie_is_secure_over_https(
    settings: Settings, database: Database
) -> None:
    made = api_keys.create(database, name="ada", scope=Scope.SUBMIT)
    with TestClient(create_app(settings), base_url="https://testserver") as client:
        response = client.post("/v1/session", json={"key": made.secret})
        assert "secure" in response.headers["set-cookie"].lower()
        assert response.headers["strict-transport-security"]
        api_keys.revoke(database, made.row.id)
        assert_problem(client.get("/v1/jobs"), 401, "session_ended")
