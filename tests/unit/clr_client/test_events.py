import json
from datetime import UTC, datetime

import pytest

from clr_client import Client
from clr_client.errors import ProblemError
from tests.unit.conftest import DROP, Answer, Server
from tests.unit.documents import JOB_ID, job

DONE = job(status="succeeded", is_terminal=True)


def happening(number: int, name: str = "checkpoint") -> str:
    event = {"seq": number, "job_id": JOB_ID, "at": "2026-01-02T03:04:05Z", "type": name, "data": {"step": number}}
    return f"event: {name}\nid: {number}\ndata: {json.dumps(event)}\n\n"


def stream(*messages: str) -> Answer:
    return Answer(200, "".join(["retry: 1000\n\n", *messages]), "text/event-stream")


SNAPSHOT = f"event: job\ndata: {json.dumps(DONE)}\n\n"
END = "event: end\ndata: {}\n\n"


def test_events_go_on_where_a_broken_stream_left_off_and_end_with_the_job(server: Server) -> None:
    server.answers = [
        Answer(200, job()),
        stream(happening(1, "started"), happening(2)),
        DROP,
        Answer(503, {"code": "x"}),
    ]
    server.answers += [stream(happening(3, "succeeded"), SNAPSHOT, END)]
    with Client(server.url) as client:
        handle = client.job(JOB_ID)
        events = list(handle.events())
    assert [(event.seq, event.type) for event in events] == [(1, "started"), (2, "checkpoint"), (3, "succeeded")]
    assert events[0].at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert handle.status == "succeeded"
    assert [request.headers.get("last-event-id") for request in server.requests[1:]] == ["0", "2", "2", "2"]


def test_events_of_an_unknown_job_are_a_problem_at_once(server: Server) -> None:
    server.answers = [Answer(404, {"title": "No such job", "code": "job_not_found"})]
    with Client(server.url) as client, pytest.raises(ProblemError, match="No such job"):
        next(client.events(JOB_ID))
    assert len(server.requests) == 1
