import json

from typer.testing import CliRunner

from clr_cli.app import app
from tests.unit.conftest import DROP, Answer, Server
from tests.unit.documents import JOB_ID

LINE = {"number": 1, "attempt": 1, "source": "rank 0", "stream": "stderr", "at": "2026-01-02T03:04:05.6Z", "text": "hi"}
PAGE = {"object": "list", "data": [LINE], "next_after": None, "dropped": 3}

runner = CliRunner()


def line(number: int) -> str:
    return f"event: log\nid: {number}\ndata: {json.dumps(LINE | {'number': number})}\n\n"


def test_logs_are_lines_with_their_place_and_say_what_is_gone(server: Server) -> None:
    server.answers = [Answer(200, PAGE)]
    result = runner.invoke(app, ["logs", JOB_ID, "--tail", "5", "--attempt", "2"])
    assert result.stdout == "2026-01-02T03:04:05 rank 0 stderr: hi\n"
    assert "3 earlier lines are not kept" in result.stderr
    assert server.requests[0].path == f"/v1/jobs/{JOB_ID}/logs?tail=5&attempt=2&limit=10000"
    assert json.loads(runner.invoke(app, ["logs", JOB_ID, "--json"]).stdout) == PAGE


def test_followed_logs_go_on_after_a_break_until_the_end(server: Server) -> None:
    first, rest = line(1) + line(2), line(3) + "event: end\ndata: {}\n\n"
    server.answers = [Answer(200, first, "text/event-stream"), DROP, Answer(200, rest, "text/event-stream")]
    result = runner.invoke(app, ["logs", JOB_ID, "-f", "--tail", "2", "--json"])
    assert [json.loads(text)["number"] for text in result.stdout.splitlines()] == [1, 2, 3]
    assert [request.headers.get("last-event-id") for request in server.requests] == [None, "2", "2"]


def test_a_stream_that_is_refused_on_the_way_says_why(server: Server) -> None:
    refused = 'event: refused\ndata: {"status": 401, "code": "invalid_key", "detail": "the key was revoked"}\n\n'
    server.answers = [Answer(200, line(1) + refused, "text/event-stream")]
    result = runner.invoke(app, ["logs", JOB_ID, "-f"])
    assert result.exit_code == 2
    assert "the key was revoked" in result.stderr
