"""Keys, owners, sessions and limits, over both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select, update

from api.access.gate import PUBLIC
from api.access.policy import LOOPBACK_NAMES, OpenDoorError, Policy, policy_for
from api.app import create_app
from jobs import keys, lifecycle
from jobs.db import Database
from jobs.keys import Scope
from jobs.models import ApiKey, Job
from jobs.settings import Settings
from tests.builders import conditions, lr_find, one_cycle, train
from tests.integration.test_api import assert_problem, dead_port

ADMIN_KEY = "an admin's key, long enough to count"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        database_url=SecretStr(database_url),
        broker_url=SecretStr(f"redis://127.0.0.1:{dead_port()}/0"),
        admin_key=SecretStr(ADMIN_KEY),
        rate_burst=2000,  # these tests ask for every operation there is
    )


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    del database  # migrated
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def key_of(database: Database) -> Callable[..., dict[str, str]]:
    def make(name: str, scope: Scope = Scope.SUBMIT, **more: Any) -> dict[str, str]:
        return bearer(keys.create(database, name=name, scope=scope, **more).secret)

    return make


def submit(client: TestClient, headers: dict[str, str], **changes: Any) -> str:
    response = client.post("/v1/jobs", json=lr_find(**changes), headers=headers)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


NOBODYS = "job_" + "0" * 32


def filled(path: str, job_id: str = NOBODYS) -> str:
    values = {
        "job_id": job_id,
        "step": "1",
        "suffix": "svg",
        "dataset_id": "ds_" + "0" * 32,
        "key_id": "key_" + "0" * 32,
        "name": "w",
    }
    return path.format(**values)


def operations(client: TestClient) -> list[tuple[str, str]]:
    document = client.get("/openapi.json").json()
    return [(method.upper(), path) for path, item in document["paths"].items() for method in item]


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


def test_owners_see_and_touch_their_own_jobs_only_and_admins_all(
    client: TestClient, key_of: Callable[..., dict[str, str]], database: Database
) -> None:
    ada, bob, admin = key_of("ada"), key_of("bob"), key_of("root", Scope.ADMIN)
    parent = client.post("/v1/jobs", json=train(schedule=one_cycle("auto")), headers=ada).json()
    of_ada = [parent["id"], *parent["children"]]
    of_bob = submit(client, bob)
    by_job = [(method, path) for method, path in operations(client) if "{job_id}" in path]
    assert len(by_job) >= 4
    for method, path in by_job:
        for job_id in of_ada:
            response = client.request(method, filled(path, job_id), headers=bob, json={})
            unknown = client.request(method, filled(path), headers=bob, json={})
            assert_problem(response, 404, "job_not_found")
            assert response.json()["detail"].replace(job_id, "") == unknown.json()["detail"].replace(NOBODYS, "")
    for headers, expected in ((ada, of_ada), (bob, [of_bob]), (admin, [*of_ada, of_bob])):
        listed = client.get("/v1/jobs", headers=headers).json()["data"]
        assert {job["id"] for job in listed} == set(expected)
        assert client.get(f"/v1/jobs/{expected[0]}", headers=headers).status_code == 200
    assert_problem(client.get(f"/v1/events?job={of_bob}&job={of_ada[0]}", headers=bob), 404, "job_not_found")
    stolen = train(schedule=one_cycle({"from_job": of_bob}), conditions=None)
    assert_problem(client.post("/v1/jobs", json=stolen, headers=ada), 404, "job_not_found")
    with database.read() as session:
        assert {row.id: row.owner for row in session.scalars(select(Job))} == dict.fromkeys(of_ada, "ada") | {
            of_bob: "bob"
        }
    assert client.post(f"/v1/jobs/{of_bob}/cancel", headers=admin).json()["status"] == "cancelled"
    assert client.get(f"/v1/jobs/{of_ada[0]}", headers=ada).json()["status"] == "queued"


def test_keys_of_one_owner_share_their_jobs(client: TestClient, key_of: Callable[..., dict[str, str]]) -> None:
    first, second = key_of("laptop", owner="ada"), key_of("cluster", owner="ada")
    job_id = submit(client, first)
    assert client.get(f"/v1/jobs/{job_id}", headers=second).status_code == 200


def test_the_same_idempotency_key_of_two_owners_makes_two_jobs(
    client: TestClient, key_of: Callable[..., dict[str, str]]
) -> None:
    ada, bob = (key_of(name) | {"Idempotency-Key": "once"} for name in ("ada", "bob"))
    first, second = submit(client, ada), submit(client, bob, seed=1)
    assert first != second
    assert submit(client, ada) == first
    assert_problem(client.post("/v1/jobs", json=lr_find(seed=2), headers=bob), 409, "idempotency_key_reused")


def test_a_job_of_another_owner_that_waited_is_released_when_its_source_is_cancelled(
    client: TestClient, key_of: Callable[..., dict[str, str]]
) -> None:
    ada, admin = key_of("ada"), key_of("root", Scope.ADMIN)
    source = submit(client, ada)
    body = train(schedule=one_cycle({"from_job": source}), conditions=None)
    waiting = client.post("/v1/jobs", json=body, headers=admin).json()["id"]
    assert client.post(f"/v1/jobs/{source}/cancel", headers=ada).status_code == 202
    assert client.get(f"/v1/jobs/{waiting}", headers=admin).json()["reason"] == "parent_failed"


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
        assert row.key_sha256 == keys.digest(secret)
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


def test_a_session_needs_its_csrf_token_to_change_anything_and_ends_at_log_out(
    client: TestClient, database: Database
) -> None:
    secret = keys.create(database, name="ada", scope=Scope.SUBMIT).secret
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
    made = keys.create(database, name="ada", scope=Scope.SUBMIT)
    with TestClient(create_app(settings), base_url="https://testserver") as client:
        response = client.post("/v1/session", json={"key": made.secret})
        assert "secure" in response.headers["set-cookie"].lower()
        assert response.headers["strict-transport-security"]
        keys.revoke(database, made.row.id)
        assert_problem(client.get("/v1/jobs"), 401, "session_ended")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_what_a_page_of_another_site_sends_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/v1/jobs", json=lr_find(), headers=bearer(ADMIN_KEY) | headers)
    assert_problem(response, 403, "cross_origin")
    assert client.get("/v1/jobs", headers=bearer(ADMIN_KEY) | headers).status_code == 200


def test_without_keys_a_server_answers_to_its_loopback_names_only(settings: Settings, database: Database) -> None:
    del database
    app = create_app(settings, Policy(key_required=False, hosts=LOOPBACK_NAMES))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert client.post("/v1/jobs", json=lr_find()).status_code == 202
        assert client.get("/v1/jobs", headers={"Host": "localhost:8000"}).status_code == 200
        assert client.get("/v1/session").json()["key_required"] is False
        for host in ("evil.example", "evil.example:8000", "[::", ""):
            assert_problem(client.get("/v1/jobs", headers={"Host": host}), 403, "unknown_host")


def test_who_asks_too_often_is_told_when_to_come_back(settings: Settings, database: Database) -> None:
    ada, bob = (bearer(keys.create(database, name=name, scope=Scope.READ).secret) for name in ("ada", "bob"))
    slow = settings.model_copy(update={"rate_per_s": 0.01, "rate_burst": 3})
    with TestClient(create_app(slow)) as client:
        for _ in range(3):
            assert client.get("/v1/jobs", headers=ada).status_code == 200
        response = client.get("/v1/jobs", headers=ada)
        assert_problem(response, 429, "too_many_requests")
        assert 1 <= int(response.headers["retry-after"]) <= 100
        assert client.get("/v1/jobs", headers=bob).status_code == 200
        assert_problem(client.get("/v1/jobs", headers=bearer("clr_guess")), 401, "invalid_key")
        assert_problem(client.get("/v1/jobs", headers=bearer("clr_guess")), 429, "too_many_requests")
        assert_problem(client.post("/v1/session", json={"key": "x"}), 429, "too_many_requests")


def test_an_owner_has_so_many_unfinished_jobs_and_no_more(settings: Settings, database: Database) -> None:
    ada, bob = (bearer(keys.create(database, name=name, scope=Scope.SUBMIT).secret) for name in ("ada", "bob"))
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
    with pytest.raises(OpenDoorError, match="python -m api keys create"):
        policy_for("0.0.0.0", bare, database)
    with pytest.raises(OpenDoorError, match="loopback only"):
        policy_for("192.0.2.7", bare.model_copy(update={"auth": False}), database)
    keys.create(database, name="ada", scope=Scope.SUBMIT)
    with pytest.raises(OpenDoorError, match="Nobody has a key yet"):
        policy_for("::", bare, database)
    keys.create(database, name="root", scope=Scope.ADMIN)
    assert policy_for("0.0.0.0", bare, database).key_required
    assert policy_for("0.0.0.0", settings, database).key_required
    assert policy_for("127.0.0.1", settings, database).key_required
    assert not policy_for("127.0.0.1", bare, database).key_required
    assert policy_for("::1", bare.model_copy(update={"auth": True}), database).key_required


def test_a_job_that_a_worker_makes_belongs_to_the_owner_of_its_parent(
    client: TestClient, key_of: Callable[..., dict[str, str]], database: Database
) -> None:
    parent = submit(client, key_of("ada"))
    assert lifecycle.claim_next(database, worker="w", slots=2, free=2, lease_s=9) is not None
    with database.write() as session:
        row = session.get(Job, parent)
        assert row is not None
        child = Job(**{name: value for name, value in row.__dict__.items() if name[0] != "_"})
        child.id, child.owner, child.parent_id = "job_" + "1" * 32, None, parent
        session.add(child)
    with database.read() as session:
        found = session.get(Job, "job_" + "1" * 32)
        assert found is not None
        assert found.owner == "ada"


def test_every_answer_has_the_security_headers(client: TestClient) -> None:
    for path in ("/healthz", "/v1/jobs", "/v9", "/docs", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src 'self';" in headers["content-security-policy"]
        assert headers["cache-control"]
    assert "unsafe" not in client.get("/v1/jobs").headers["content-security-policy"]


def test_the_docs_come_from_this_server_alone(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    assert "<script>" not in page
    for path in [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]:
        response = client.get(path)
        assert response.status_code == 200, path
        assert response.headers["content-type"]
    assert client.get("/docs/../etc/passwd").status_code == 401
    assert client.get("/docs/main.py").status_code == 404


def test_metrics_say_what_is_queued_and_how_long_answers_take(
    client: TestClient, key_of: Callable[..., dict[str, str]], settings: Settings
) -> None:
    assert_problem(client.get("/metrics"), 401, "key_required")
    ada = key_of("ada")
    job_id = submit(client, ada)
    client.get(f"/v1/jobs/{job_id}", headers=ada)
    text = client.get("/metrics", headers=ada).text
    for line in ("clr_queue_depth 1.0", 'clr_jobs{status="queued"} 1.0', "clr_database_up 1.0", "clr_workers 0.0"):
        assert line in text, text
    assert 'clr_http_request_seconds_count{method="GET",route="/v1/jobs/{job_id}",status="200"} 1.0' in text
    assert job_id not in text
    assert "ada" not in text
    public = settings.model_copy(update={"metrics_public": True})
    with TestClient(create_app(public)) as open_client:
        assert open_client.get("/metrics").status_code == 200


def test_a_method_that_a_path_lacks_is_answered_with_all_that_it_has(client: TestClient) -> None:
    response = client.put("/v1/jobs", headers=bearer(ADMIN_KEY), json={})
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, POST"


def test_a_method_that_no_route_has_is_a_405_without_a_key_too(client: TestClient) -> None:
    for path in ("/healthz", "/v1/jobs", "/v1/session"):
        response = client.request("TRACE", path)
        assert_problem(response, 405, "method_not_allowed")
        assert "TRACE" not in response.headers["allow"]
    for path in ("/healthz", "/readyz", "/v1/session"):
        response = client.put(path)
        assert_problem(response, 405, "method_not_allowed")
        assert "GET" in response.headers["allow"]
    assert_problem(client.get("/v1/session"), 401, "key_required")


def test_the_detail_of_a_refused_spec_is_short_and_its_errors_are_whole(client: TestClient) -> None:
    body = lr_find(seed=-1, name="a\u0000b", labels=7, kind="lr_find")
    document = assert_problem(client.post("/v1/jobs", json=body, headers=bearer(ADMIN_KEY)), 422, "invalid_spec")
    assert len(document["errors"]) == 3
    assert "and 2 more" in document["detail"]
    assert document["errors"][1]["detail"] not in document["detail"]


def test_owners_see_and_use_their_own_datasets_only(
    client: TestClient, key_of: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    ada, bob, admin = key_of("ada"), key_of("bob"), key_of("root", Scope.ADMIN)
    np.savez(tmp_path / "d.npz", x=np.eye(40, 8, dtype=np.float32), y=np.arange(40) % 2)
    uploaded = client.post("/v1/datasets", content=(tmp_path / "d.npz").read_bytes(), headers=ada)
    assert uploaded.status_code == 201, uploaded.text
    dataset_id = uploaded.json()["id"]
    for headers, seen in ((ada, True), (bob, False), (admin, True)):
        listed = [one["id"] for one in client.get("/v1/datasets", headers=headers).json()["data"]]
        assert (dataset_id in listed) is seen
        assert client.get(f"/v1/datasets/{dataset_id}", headers=headers).status_code == (200 if seen else 404)
    spec = lr_find(
        conditions=conditions(dataset={"name": "uploaded", "options": {"id": dataset_id}}, global_batch_size=16)
    )
    assert_problem(client.post("/v1/jobs", json=spec, headers=bob), 422, "unusable_dataset")
    by_dataset = [(method, path) for method, path in operations(client) if "{dataset_id}" in path]
    assert len(by_dataset) >= 2
    for method, path in by_dataset:
        response = client.request(method, path.format(dataset_id=dataset_id), headers=bob, json={})
        assert_problem(response, 404, "dataset_not_found")
    assert client.post("/v1/jobs", json=spec, headers=admin).status_code == 202
    assert client.delete(f"/v1/datasets/{dataset_id}", headers=ada).status_code == 409  # an admin's job needs it
