import pytest

from clr_client.client import Client
from clr_client.errors import ServerUnreachableError
from clr_client.transport.addresses import free_port
from tests.unit.conftest import DROP, Answer, Server
from tests.unit.documents import JOB_ID, job


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
