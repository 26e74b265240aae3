"""How often a caller is let in."""

from fastapi.testclient import TestClient

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.session import Database
from tests.api_requests import assert_problem, bearer


def test_who_asks_too_often_is_told_when_to_come_back(settings: Settings, database: Database) -> None:
    ada, bob = (bearer(api_keys.create(database, name=name, scope=Scope.READ).secret) for name in ("ada", "bob"))
    slow = settings.model_copy(update={"rate_per_s": 0.01, "rate_burst": 3})
    with TestClient(create_app(slow)) as client:
        for _ in range(3):
            assert client.get("/v1/jobs", headers=ada).status_code == 200
        response = client.get("/v1/jobs", headers=ada)
        assert_problem(response, 429, "too_many_requests")
        assert 1 <= int(response.headers["retry-after"]) <= 100
        assert client.get("/v1/jobs", headers=bob).status_code == 200


def test_wrong_keys_of_an_address_hold_up_no_right_one(settings: Settings, database: Database) -> None:
    secret = api_keys.create(database, name="ada", scope=Scope.READ).secret
    slow = settings.model_copy(update={"rate_per_s": 0.01, "rate_burst": 30})
    with TestClient(create_app(slow)) as client:  # all of it comes from one address, as behind a proxy
        for _ in range(3):
            assert_problem(client.get("/v1/jobs", headers=bearer("clr_guess")), 401, "invalid_key")
        for guess in (
            client.get("/v1/jobs", headers=bearer("clr_guess")),
            client.post("/v1/session", json={"key": "clr_guess"}),
        ):
            assert_problem(guess, 429, "too_many_requests")
            assert int(guess.headers["retry-after"]) > 1
        assert_problem(client.get("/v1/jobs"), 401, "key_required")
        assert client.get("/v1/jobs", headers=bearer(secret)).status_code == 200
        assert client.post("/v1/session", json={"key": secret}).status_code == 200
