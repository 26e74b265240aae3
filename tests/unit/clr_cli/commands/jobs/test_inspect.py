from typer.testing import CliRunner

from clr_cli.app import app
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, bounds, job, range_test_curves

DONE = job(kind="lr_find", status="succeeded", is_terminal=True)

runner = CliRunner()


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


def test_what_a_server_says_cannot_steer_the_terminal(server: Server) -> None:
    server.answers = [Answer(404, {"title": "No \x1b[2J\x07", "code": "c"})]
    assert "\x1b" not in runner.invoke(app, ["bounds", JOB_ID]).stderr


FOUND = job(kind="lr_find", status="succeeded", is_terminal=True, spec={"kind": "lr_find"})


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
