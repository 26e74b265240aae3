import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from clr_client.transport.addresses import free_port
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, bounds, job

DONE = job(kind="lr_find", status="succeeded", is_terminal=True)
FAILED = job(status="failed", is_terminal=True, reason="diverged", error={"detail": "the loss became NaN"})

runner = CliRunner()


def test_away_from_a_terminal_lr_find_prints_the_id_and_nothing_else(server: Server) -> None:
    server.answers = [Answer(202, job(status="queued"))]
    result = runner.invoke(app, ["lr-find", "--world-size", "2", "--steps", "50", "--set", "labels.a=b"])
    assert (result.exit_code, result.stdout) == (0, f"{JOB_ID}\n")
    sent = json.loads(server.requests[0].body)
    assert sent["conditions"]["world_size"] == 2
    assert sent["range_test"] == {"steps": 50}
    assert sent["labels"] == {"a": "b"}


def test_watching_an_lr_find_ends_with_its_bounds_and_the_next_command(server: Server) -> None:
    server.answers = [Answer(202, job(status="queued")), Answer(200, DONE), Answer(200, bounds())]
    result = runner.invoke(app, ["lr-find", "--watch"])
    assert result.exit_code == 0
    assert f"{JOB_ID} succeeded" in result.stdout
    assert f"clr train --from-job {JOB_ID} --epochs 12 --url {server.url}" in result.stdout
    assert "step 35/100" in result.stderr


def test_json_is_all_there_is_on_stdout(server: Server) -> None:
    server.answers = [Answer(202, job()), Answer(200, DONE)]
    result = runner.invoke(app, ["train", "--max-lr", "0.4", "--epochs", "2", "--watch", "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (0, DONE)


def test_a_failed_job_gives_status_1_and_its_reason(server: Server) -> None:
    server.answers = [Answer(200, FAILED)]
    result = runner.invoke(app, ["watch", JOB_ID])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "failed (diverged)" in result.stderr
    assert "the loss became NaN" in result.stderr


def test_a_failed_job_gives_status_1_with_json_too(server: Server) -> None:
    server.answers = [Answer(200, FAILED)]
    result = runner.invoke(app, ["watch", JOB_ID, "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (1, FAILED)


@pytest.mark.parametrize(("status", "exit_code"), [(422, 2), (404, 2), (409, 2), (500, 3), (503, 3)])
def test_problems_of_the_request_give_2_and_of_the_server_3(server: Server, status: int, exit_code: int) -> None:
    errors = [{"pointer": "/seed", "detail": "must be at least 0"}]
    server.answers = [Answer(status, {"title": "No", "code": "c", "errors": errors})]
    result = runner.invoke(app, ["bounds", JOB_ID])
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr.splitlines() == [f"No ({status} c)", "  /seed: must be at least 0"]


def test_no_server_gives_3_and_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clr_client.transport.retry.FIRST_RETRY_S", 0.01)
    result = runner.invoke(app, ["jobs", "--url", f"http://127.0.0.1:{free_port('127.0.0.1')}"])
    assert result.exit_code == 3
    assert "clr up" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--epochs", "3"],
        ["train", "--from-job", "x"],
        ["lr-find", "--set", "x"],
        ["lr-find", "--steps", "one"],
        ["lr-find", "--spec", "missing.json"],
        ["jobs", "--url", "nowhere"],
        ["frobnicate"],
    ],
)
def test_what_makes_no_sense_gives_2(arguments: list[str], server: Server) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert server.requests == []


def test_a_spec_file_is_sent_as_it_is(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(202, job())]
    path = tmp_path / "spec.json"
    path.write_text('{"kind": "train", "what": ["ever"]}')
    assert runner.invoke(app, ["train", "--spec", str(path)]).exit_code == 0
    assert json.loads(server.requests[0].body) == {"kind": "train", "what": ["ever"]}


def test_fields_of_a_spec_file_are_changed_by_their_paths(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(202, job())]
    path = tmp_path / "spec.json"
    path.write_text('{"kind": "train", "steps": 5}')
    assert runner.invoke(app, ["train", "--spec", str(path), "--set", "steps=9"]).exit_code == 0
    assert json.loads(server.requests[0].body) == {"kind": "train", "steps": 9}


def test_flags_beside_a_spec_file_are_refused(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text("{}")
    result = runner.invoke(app, ["lr-find", "--spec", str(path), "--batch-size", "8", "--no-watch"])
    assert result.exit_code == 2
    assert result.stderr == "--batch-size: --spec takes the fields of the file; leave this out, or use --set.\n"
    assert server.requests == []
