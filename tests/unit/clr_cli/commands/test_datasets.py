import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from tests.unit.conftest import Answer, Server
from tests.unit.documents import DATASET, DATASET_ID, TABLE, job

LIST = {"object": "list", "data": [DATASET, TABLE], "upload_limit_bytes": 3_000_000}
PROBLEM = {"title": "Invalid dataset", "code": "invalid_dataset", "detail": "the file is empty", "errors": []}

runner = CliRunner()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "birds.zip"
    path.write_bytes(bytes(range(256)) * 4000)
    return path


def test_the_list_has_a_line_for_each_dataset(server: Server) -> None:
    server.answers = [Answer(200, LIST)]
    result = runner.invoke(app, ["datasets"])
    assert result.exit_code == 0
    heading, birds, table = result.stdout.splitlines()
    assert heading.split() == ["DATASET", "SAMPLES", "SHAPE", "TARGETS", "BYTES", "SHA-256", "NAME"]
    assert birds.split() == [
        DATASET_ID,
        "6,000",
        "3",
        "x",
        "32",
        "x",
        "32",
        "10",
        "classes",
        "1,234,567",
        "abababababab",
        "birds",
    ]
    assert "different sizes  1 number" in table
    assert json.loads(runner.invoke(app, ["datasets", "--json"]).stdout) == LIST


def test_an_upload_prints_the_id_and_nothing_else_on_stdout(server: Server, file: Path) -> None:
    server.answers = [Answer(200, LIST), Answer(201, DATASET)]
    result = runner.invoke(app, ["datasets", "upload", str(file)])
    assert (result.exit_code, result.stdout) == (0, f"{DATASET_ID}\n")
    assert "6,000" in result.stderr
    assert server.requests[-1].path == "/v1/datasets?name=birds.zip"


def test_a_dataset_is_deleted_by_its_id(server: Server) -> None:
    server.answers = [Answer(204, "")]
    assert runner.invoke(app, ["datasets", "delete", DATASET_ID]).exit_code == 0
    assert (server.requests[0].method, server.requests[0].path) == ("DELETE", f"/v1/datasets/{DATASET_ID}")
    server.answers = [Answer(409, PROBLEM | {"code": "dataset_in_use", "detail": "a job needs it"})]
    result = runner.invoke(app, ["datasets", "delete", DATASET_ID])
    assert result.exit_code == 2
    assert "a job needs it" in result.stderr


def test_the_id_of_an_upload_is_a_dataset_of_conditions(server: Server) -> None:
    server.answers = [Answer(202, job(status="queued"))]
    resized = ["--set", "conditions.dataset.options.image_size=32"]
    assert runner.invoke(app, ["lr-find", "--dataset", DATASET_ID, *resized]).exit_code == 0
    sent = json.loads(server.requests[0].body)
    assert sent["conditions"]["dataset"] == {"name": "uploaded", "options": {"id": DATASET_ID, "image_size": 32}}
