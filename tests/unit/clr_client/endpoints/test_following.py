import pytest

from clr_client.client import Client
from clr_client.errors import ProblemError, ServerUnreachableError, WaitTimeoutError
from tests.unit.conftest import DROP, Answer, Server
from tests.unit.documents import JOB_ID, job


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
