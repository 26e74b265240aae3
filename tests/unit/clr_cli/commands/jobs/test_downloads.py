import json
from pathlib import Path

from typer.testing import CliRunner

from clr_cli.app import app
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID

runner = CliRunner()


def test_a_file_that_was_written_is_told_as_json(server: Server, tmp_path: Path) -> None:
    server.answers = [Answer(200, "<svg/>", "image/svg+xml")]
    out = tmp_path / "a.svg"
    result = runner.invoke(app, ["plot", JOB_ID, "--out", str(out), "--json"])
    assert json.loads(result.stdout) == {"object": "file", "path": str(out), "size_bytes": 6}
