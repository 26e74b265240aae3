"""What the clr command shows in a terminal, and what it leaves out elsewhere."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from clr_cli.app import app
from clr_cli.input.completion import job_ids
from clr_client.display.progress import watching
from clr_client.display.text_charts import chart, without_blow_up
from tests.unit.client.conftest import DROP, Answer, Server
from tests.unit.client.documents import JOB_ID, bounds, job, range_test_curves, training_curves

LINE = {"number": 1, "attempt": 1, "source": "rank 0", "stream": "stderr", "at": "2026-01-02T03:04:05.6Z", "text": "hi"}
PAGE = {"object": "list", "data": [LINE], "next_after": None, "dropped": 3}
FOUND = job(kind="lr_find", status="succeeded", is_terminal=True, spec={"kind": "lr_find"})

runner = CliRunner()


@pytest.fixture(autouse=True)
def _address(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLR_URL", server.url)
    monkeypatch.setattr("clr_client.endpoints.following.LONGEST_POLL_S", 0.02)


def line(number: int) -> str:
    return f"event: log\nid: {number}\ndata: {json.dumps(LINE | {'number': number})}\n\n"


def test_bounds_come_with_the_curve_where_it_is_asked_for(server: Server) -> None:
    server.answers = [Answer(200, bounds()), Answer(200, FOUND), Answer(200, range_test_curves())]
    result = runner.invoke(app, ["bounds", JOB_ID, "--plot"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "train_loss over the learning rate; the lines are base_lr and max_lr" in lines[0]
    assert "1e-6" in result.stdout
    assert "\x1b" not in result.stdout
    assert max(map(len, lines[:16])) <= 80
    assert lines[-1].startswith(f"Next: clr train --from-job {JOB_ID}")
    assert server.requests[-1].path == f"/v1/jobs/{JOB_ID}/curves?metric=train_loss&x=lr&max_points=300"


def test_the_curve_of_what_was_measured_is_drawn(server: Server) -> None:
    asked = FOUND | {"spec": {"kind": "lr_find", "range_test": {"measure": "val_loss"}}}
    server.answers = [Answer(200, bounds()), Answer(200, asked), Answer(200, {"series": []})]
    result = runner.invoke(app, ["bounds", JOB_ID, "--plot"])
    assert "metric=val_loss" in server.requests[-1].path
    assert result.stdout.startswith("LR bounds of")


def test_a_blow_up_does_not_flatten_the_curve() -> None:
    assert without_blow_up([2.0, 1.0, None, 500.0]) == [2.0, 1.0, None, 2.5]
    assert without_blow_up([1.0, 3.0]) == [1.0, 3.0]
    assert without_blow_up([None]) == [None]


def test_a_chart_leaves_out_what_has_no_place() -> None:
    picture = chart([([0.0, 0.1, 1.0, 10.0], [9.0, 1.0, None, 2.0])], "A title", log_x=True, size=(40, 10))
    assert "A title" in picture
    assert "9.0" not in picture
    assert len(picture.splitlines()) == 10
    assert chart([([], [])], "Nothing")


@pytest.mark.parametrize("height", [40, 10])
def test_a_terminal_shows_the_curve_as_it_grows_where_it_has_room(height: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=140, height=height, color_system=None)
    asked: list[str] = []

    def draw(_job: object) -> str:
        asked.append("")
        return "THE CURVE"

    with watching(console, draw) as update:
        update(job())
        update(job())
        update(job(status="succeeded", is_terminal=True))
    assert isinstance(console.file, io.StringIO)
    assert ("THE CURVE" in console.file.getvalue()) == (height == 40)
    assert len(asked) == (2 if height == 40 else 0), "once a second, and at the end"


def test_watching_a_training_piped_asks_for_no_curves(server: Server) -> None:
    server.answers = [Answer(200, job(status="succeeded", is_terminal=True)), Answer(200, training_curves())]
    assert runner.invoke(app, ["watch", JOB_ID]).exit_code == 0
    assert len(server.requests) == 1


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


@pytest.mark.parametrize(("variable", "value", "is_red"), [("A", "1", True), ("NO_COLOR", "1", False)])
def test_a_complaint_is_red_unless_colours_are_not_wanted(
    server: Server, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, is_red: bool
) -> None:
    server.answers = [Answer(404, {"title": "No such job", "code": "job_not_found"})]
    monkeypatch.setenv(variable, value)
    assert "\x1b" not in runner.invoke(app, ["watch", JOB_ID]).stderr, "no terminal"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert ("\x1b[31m" in runner.invoke(app, ["watch", JOB_ID]).stderr) == is_red


def test_every_command_that_asks_the_server_has_json(server: Server) -> None:
    server.answers = [Answer(204, "")]
    deleted = runner.invoke(app, ["delete", JOB_ID, "--json"])
    assert json.loads(deleted.stdout) == {"object": "deleted", "ids": [JOB_ID]}
    local = {"up", "migrate", "demo", "prune", "db"}
    commands = {command.name: command.callback for command in app.registered_commands if command.name not in local}
    for name in commands:
        options = runner.invoke(app, [str(name), "--help"], env={"COLUMNS": "200"}).stdout
        assert "--json" in options, name


def test_a_file_that_was_written_is_told_as_json(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(200, "<svg/>", "image/svg+xml")]
    out = tmp_path / "a.svg"
    result = runner.invoke(app, ["plot", JOB_ID, "--out", str(out), "--json"])
    assert json.loads(result.stdout) == {"object": "file", "path": str(out), "size_bytes": 6}


def test_the_shell_completes_ids_of_jobs_and_keeps_quiet_without_a_server(server: Server) -> None:
    other = job(id="job_" + "1" * 32, kind="lr_find")
    server.answers = [Answer(200, {"data": [job(), other]})]
    assert job_ids("job_1") == [(other["id"], "lr_find running a name")]
    assert len(job_ids("")) == 2
    server.answers = [DROP]
    assert job_ids("") == []


@pytest.mark.parametrize(
    ("typed", "offered"), [("clr jobs --status s", "succeeded"), ("clr jobs --kind tr", "train"), ("clr lo", "logs")]
)
def test_bash_is_offered_words(typed: str, offered: str) -> None:
    words = {"_CLR_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    result = runner.invoke(app, [], prog_name="clr", env=words)
    assert offered in result.stdout.split()
