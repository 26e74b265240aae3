"""What every answer has about it: headers, refused methods, details; and what needs no key."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from api.app import create_app
from jobs.config.settings import Settings
from tests.api_requests import ADMIN_KEY, assert_problem, bearer, submit
from tests.builders import lr_find


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
    for line in ("clr_queue_depth 1.0", 'clr_jobs{status="queued"} 1.0', "clr_database_up 1.0", "clr_broker_up 0.0"):
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
    body = lr_find(seed=-1, name="a\u0007b", labels=7, kind="lr_find")
    document = assert_problem(client.post("/v1/jobs", json=body, headers=bearer(ADMIN_KEY)), 422, "invalid_spec")
    assert len(document["errors"]) == 3
    assert "and 2 more" in document["detail"]
    assert document["errors"][1]["detail"] not in document["detail"]
