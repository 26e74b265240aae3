"""Who is let in at all."""

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.access.policy import LOOPBACK_NAMES, AccessPolicyError, Policy, policy_for
from api.app import create_app
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.session import Database
from tests.api_requests import ADMIN_KEY, assert_problem, bearer, submit
from tests.builders import lr_find
from tests.live_server import listening


def test_only_trusted_proxies_say_where_a_request_comes_from(
    settings: Settings, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    del database
    for trusted, address in (("127.0.0.1", "192.0.2.7"), ("192.0.2.1,198.51.100.0/24", "127.0.0.1"), ("", "127.0.0.1")):
        caplog.clear()
        changed = settings.model_copy(update={"trusted_proxies": trusted})
        with caplog.at_level("INFO", "api.audit"), listening(create_app(changed), trusted_proxies=trusted) as client:
            client.get("/v1/jobs", headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.7"})
        assert f"'{address}'" in str([vars(record) for record in caplog.records]), trusted


def test_a_proxy_is_named_by_its_address() -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings(trusted_proxies="proxy.example")


def test_an_owner_has_so_many_unfinished_jobs_and_no_more(settings: Settings, database: Database) -> None:
    ada, bob = (bearer(api_keys.create(database, name=name, scope=Scope.SUBMIT).secret) for name in ("ada", "bob"))
    with TestClient(create_app(settings.model_copy(update={"max_unfinished_jobs": 2}))) as client:
        first = submit(client, ada)
        submit(client, ada)
        response = client.post("/v1/jobs", json=lr_find(), headers=ada)
        assert_problem(response, 429, "too_many_jobs")
        assert response.headers["retry-after"]
        submit(client, bob)
        client.post(f"/v1/jobs/{first}/cancel", headers=ada)
        submit(client, ada)


def test_other_machines_are_served_with_keys_only(settings: Settings, database: Database) -> None:
    bare = settings.model_copy(update={"admin_key": None})
    with pytest.raises(AccessPolicyError, match="python -m api keys create"):
        policy_for("0.0.0.0", bare, database)
    with pytest.raises(AccessPolicyError, match="loopback only"):
        policy_for("192.0.2.7", bare.model_copy(update={"auth": False}), database)
    api_keys.create(database, name="ada", scope=Scope.SUBMIT)
    with pytest.raises(AccessPolicyError, match="Nobody has a key yet"):
        policy_for("::", bare, database)
    api_keys.create(database, name="root", scope=Scope.ADMIN)
    assert policy_for("0.0.0.0", bare, database).key_required
    assert policy_for("0.0.0.0", settings, database).key_required
    assert policy_for("127.0.0.1", settings, database).key_required
    assert not policy_for("127.0.0.1", bare, database).key_required
    assert policy_for("::1", bare.model_copy(update={"auth": True}), database).key_required


def test_without_keys_a_server_answers_to_its_loopback_names_only(settings: Settings, database: Database) -> None:
    del database
    app = create_app(settings, Policy(key_required=False, hosts=LOOPBACK_NAMES))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert client.post("/v1/jobs", json=lr_find()).status_code == 202
        assert client.get("/v1/jobs", headers={"Host": "localhost:8000"}).status_code == 200
        assert client.get("/v1/session").json()["key_required"] is False
        for host in ("evil.example", "evil.example:8000", "[::", ""):
            assert_problem(client.get("/v1/jobs", headers={"Host": host}), 403, "unknown_host")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_what_a_page_of_another_site_sends_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/v1/jobs", json=lr_find(), headers=bearer(ADMIN_KEY) | headers)
    assert_problem(response, 403, "cross_origin")
    assert client.get("/v1/jobs", headers=bearer(ADMIN_KEY) | headers).status_code == 200
