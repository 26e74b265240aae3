from pathlib import Path

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, bounds

runner = CliRunner()


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
