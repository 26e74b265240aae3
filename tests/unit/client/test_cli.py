import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from clr_client.transport.addresses import free_port
from tests.unit.client.conftest import Answer, Server
from tests.unit.client.documents import JOB_ID, bounds, job

DONE = job(kind="lr_find", status="succeeded", is_terminal=True)
FAILED = job(status="failed", is_terminal=True, reason="diverged", error={"detail": "the loss became NaN"})

runner = CliRunner()


@pytest.fixture(autouse=True)
def _address(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLR_URL", server.url)


def test_away_from_a_terminal_lr_find_prints_the_id_and_nothing_else(server: Server) -> None:
    server.answers = [Answer(202, job(status="queued"))]
    result = runner.invoke(app, ["lr-find", "--world-size", "2", "--steps", "50", "--label", "a=b"])
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
        ["lr-find", "--label", "x"],
        ["lr-find", "--seed", "one"],
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


def test_options_beside_a_spec_file_are_refused(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text("{}")
    result = runner.invoke(app, ["lr-find", "--spec", str(path), "--batch-size", "8", "--no-watch"])
    assert result.exit_code == 2
    assert result.stderr == "--batch-size: --spec sends the file as it is; leave this out, or use clr run --set.\n"
    assert server.requests == []


def test_jobs_are_listed_a_line_each(server: Server) -> None:
    server.answers = [Answer(200, {"object": "list", "data": [job(), DONE], "next_cursor": "abc"})]
    result = runner.invoke(app, ["jobs", "--status", "running", "--limit", "2"])
    assert server.requests[0].path == "/v1/jobs?status=running&limit=2"
    assert [line.split()[:3] for line in result.stdout.splitlines()] == [
        ["JOB", "KIND", "STATUS"],
        [JOB_ID, "train", "running"],
        [JOB_ID, "lr_find", "succeeded"],
    ]
    assert "--cursor abc" in result.stderr


def test_no_jobs_and_no_names_are_said_so(server: Server) -> None:
    server.answers = [Answer(200, {"data": [], "next_cursor": None})]
    assert runner.invoke(app, ["jobs"]).stdout == "No jobs.\n"


def test_bounds_show_numbers_intervals_other_rules_and_warnings(server: Server) -> None:
    server.answers = [Answer(200, bounds())]
    result = runner.invoke(app, ["bounds", JOB_ID])
    assert result.stdout.splitlines() == [
        f"LR bounds of {JOB_ID} (confidence high, 3 range tests)",
        "  base_lr  0.0041  0.0033 to 0.0052 (90 %)",
        "  max_lr   0.42    0.35 to 0.55 (90 %)",
        "Other rules say",
        "  steepest         0.03",
        "  valley           0.055",
        "  minimum_over_10  0.061",
        "Warning: Three range tests say little about spread. (few_replicas)",
        f"Next: clr train --from-job {JOB_ID} --epochs 12 --url {server.url}",
    ]


def test_bounds_that_are_not_there_are_not_made_up(server: Server) -> None:
    nothing = {"grade": "none", "replicas": 3, "level": 0.9, "base_lr": None, "max_lr": None}
    server.answers = [Answer(200, bounds(bounds=None, confidence=nothing, alternatives=[]))]
    result = runner.invoke(app, ["bounds", JOB_ID])
    assert "none that could be defended" in result.stdout
    assert "clr train" not in result.stdout


def test_cancel_says_where_the_job_stands(server: Server) -> None:
    server.answers = [Answer(202, job(status="cancelling"))]
    assert runner.invoke(app, ["cancel", JOB_ID]).stdout == f"{JOB_ID} cancelling\n"
    assert server.requests[0].path == f"/v1/jobs/{JOB_ID}/cancel"


def test_what_a_server_says_cannot_steer_the_terminal(server: Server) -> None:
    server.answers = [Answer(404, {"title": "No \x1b[2J\x07", "code": "c"})]
    assert "\x1b" not in runner.invoke(app, ["bounds", JOB_ID]).stderr


def test_the_command_loads_nothing_heavy_before_it_must() -> None:
    heavy = {"matplotlib", "httpx2", "numpy", "torch"}
    script = f"import sys, clr_cli.app; print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout == "set()\n"


@pytest.mark.parametrize("command", ["plot", "bounds"])
def test_a_picture_is_fetched_and_written_in_the_format_of_its_file(
    server: Server, tmp_path: Path, command: str
) -> None:
    picture = Answer(200, "<svg/>", "image/svg+xml")
    server.answers = [picture] if command == "plot" else [Answer(200, bounds()), picture]
    result = runner.invoke(app, [command, JOB_ID, "--out", str(tmp_path / "new" / "a.svg")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "new" / "a.svg").read_text() == "<svg/>"
    assert server.requests[-1].path.startswith(f"/v1/jobs/{JOB_ID}/plot.svg")


def test_a_picture_that_the_server_refuses_is_not_written(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(409, {"title": "No plot", "code": "no_plot"})]
    result = runner.invoke(app, ["plot", JOB_ID, "--out", str(tmp_path / "a.png")])
    assert result.exit_code == 2
    assert not (tmp_path / "a.png").exists()
    assert runner.invoke(app, ["plot", JOB_ID, "--out", "a.gif"]).exit_code == 2
