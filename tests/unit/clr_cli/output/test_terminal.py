"""What the clr command shows in a terminal, and what it leaves out elsewhere."""

import json

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, job, training_curves

runner = CliRunner()


def test_watching_a_training_piped_asks_for_no_curves(server: Server) -> None:
    server.answers = [Answer(200, job(status="succeeded", is_terminal=True)), Answer(200, training_curves())]
    assert runner.invoke(app, ["watch", JOB_ID]).exit_code == 0
    assert len(server.requests) == 1


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
