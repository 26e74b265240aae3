import pytest

from clr_client.client import Client
from clr_client.errors import AddressError, ProblemError, ServerUnreachableError, WaitTimeoutError
from clr_client.transport.addresses import free_port
from tests.unit.client.conftest import DROP, Answer, Server
from tests.unit.client.documents import JOB_ID, job

PROBLEM = {
    "type": "/problems/invalid-spec",
    "title": "Invalid spec",
    "status": 422,
    "code": "invalid_spec",
    "detail": "2 fields are wrong",
    "request_id": "r1",
    "errors": [
        {"pointer": "/schedule/max_lr", "code": "greater_than", "detail": "must be greater than 0"},
        {"pointer": "/epochs", "code": "missing", "detail": "is needed"},
    ],
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clr_client.endpoints.following.FIRST_POLL_S", 0.01)
    monkeypatch.setattr("clr_client.endpoints.following.LONGEST_POLL_S", 0.02)
    monkeypatch.setattr("clr_client.transport.retry.FIRST_RETRY_S", 0.01)


def test_a_problem_carries_its_fields_and_lists_each_pointer(server: Server) -> None:
    server.answers = [Answer(422, PROBLEM, "application/problem+json")]
    with Client(server.url) as client, pytest.raises(ProblemError) as caught:
        client.submit({})
    error = caught.value
    assert (error.status, error.code, error.request_id) == (422, "invalid_spec", "r1")
    assert str(error).splitlines() == [
        "Invalid spec (422 invalid_spec): 2 fields are wrong",
        "  /schedule/max_lr: must be greater than 0",
        "  /epochs: is needed",
    ]


def test_a_submission_lost_on_the_way_is_sent_again_with_the_same_key(server: Server) -> None:
    server.answers = [DROP, DROP, Answer(202, job(status="queued"))]
    with Client(server.url) as client:
        assert client.submit({"kind": "train"})["id"] == JOB_ID
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert len(server.requests) == 3
    assert len(keys) == 1


def test_two_submissions_have_different_keys(server: Server) -> None:
    server.answers = [Answer(202, job())]
    with Client(server.url) as client:
        client.submit({})
        client.submit({})
    first, second = (request.headers["idempotency-key"] for request in server.requests)
    assert first != second


def test_a_key_of_ones_own_is_sent_as_it_is(server: Server) -> None:
    server.answers = [Answer(202, job())]
    with Client(server.url) as client:
        client.submit({}, idempotency_key="mine")
    assert server.requests[0].headers["idempotency-key"] == "mine"


def test_nobody_listening_says_the_url_and_what_to_start() -> None:
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    with Client(url) as client, pytest.raises(ServerUnreachableError) as caught:
        client.jobs()
    assert url in str(caught.value)
    assert "clr up" in str(caught.value)


def test_a_server_that_drops_every_connection_is_unreachable(server: Server) -> None:
    server.answers = [DROP]
    with Client(server.url) as client, pytest.raises(ServerUnreachableError):
        client.job(JOB_ID)
    assert len(server.requests) == 3


@pytest.mark.parametrize("body", ["<html>hello</html>", "[1]", ""])
def test_an_answer_that_is_no_json_object_is_not_our_server(server: Server, body: str) -> None:
    server.answers = [Answer(200, body, "text/html")]
    with Client(server.url) as client, pytest.raises(ServerUnreachableError, match="is it a clr-service"):
        client.jobs()


@pytest.mark.parametrize("url", ["ftp://here", "here:8000", "http://", "http://[", ""])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(AddressError, match="no address"):
        Client(url)


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.answers = [Answer(200, {"data": []})]
    with Client(server.url) as client:
        assert client.jobs() == {"data": []}


def test_filters_and_metrics_become_query_parameters(server: Server) -> None:
    server.answers = [Answer(200, {})]
    with Client(server.url + "/") as client:
        client.jobs(status="failed", limit=5)
        client.curves(JOB_ID, ["train_loss", "lr"], x="lr", max_points=10)
        client.job("../jobs?x")
    assert [request.path for request in server.requests] == [
        "/v1/jobs?status=failed&limit=5",
        f"/v1/jobs/{JOB_ID}/curves?metric=train_loss&metric=lr&x=lr&max_points=10",
        "/v1/jobs/..%2Fjobs%3Fx",
    ]


def test_wait_polls_until_the_end_and_shows_every_step_of_the_way(server: Server) -> None:
    done = job(status="succeeded", is_terminal=True)
    server.answers = [Answer(200, job(status="queued")), Answer(200, job()), Answer(200, done)]
    seen: list[str] = []
    with Client(server.url) as client:
        assert client.wait(JOB_ID, 5, on_update=lambda seen_job: seen.append(seen_job["status"])) == done
    assert seen == ["queued", "running", "succeeded"]


def test_wait_outlives_a_server_that_is_away_for_a_while(server: Server) -> None:
    trouble = Answer(503, {"title": "Not now", "status": 503})
    server.answers = [DROP, DROP, DROP, trouble, Answer(200, job(status="failed", is_terminal=True))]
    with Client(server.url) as client:
        assert client.wait(JOB_ID)["status"] == "failed"


def test_wait_does_not_outlive_its_patience(server: Server) -> None:
    server.answers = [DROP]
    with Client(server.url, patience_s=0.0) as client, pytest.raises(ServerUnreachableError):
        client.wait(JOB_ID)


def test_wait_for_an_unknown_job_ends_at_once(server: Server) -> None:
    server.answers = [Answer(404, {"title": "No such job", "status": 404, "code": "not_found"})]
    with Client(server.url) as client, pytest.raises(ProblemError):
        client.wait(JOB_ID)
    assert len(server.requests) == 1


def test_wait_gives_up_after_its_timeout(server: Server) -> None:
    server.answers = [Answer(200, job())]
    with Client(server.url) as client, pytest.raises(WaitTimeoutError, match="still running"):
        client.wait(JOB_ID, timeout_s=0.05)


def test_without_an_address_the_environment_says_which_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers = [Answer(200, job())]
    monkeypatch.setenv("CLR_URL", server.url)
    with Client() as client:
        assert client.job(JOB_ID).id == JOB_ID
    monkeypatch.delenv("CLR_URL")
    with Client() as client:
        assert client.driver.connection.base_url == "http://127.0.0.1:8000"
