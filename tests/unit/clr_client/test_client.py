import pytest

from clr_client.client import Client
from clr_client.errors import AddressError, ProblemError
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, job

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


def test_without_an_address_the_environment_says_which_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers = [Answer(200, job())]
    monkeypatch.setenv("CLR_URL", server.url)
    with Client() as client:
        assert client.job(JOB_ID).id == JOB_ID
    monkeypatch.delenv("CLR_URL")
    with Client() as client:
        assert client.runner.connection.base_url == "http://127.0.0.1:8000"
