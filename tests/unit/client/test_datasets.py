import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from clr_client.client import Client
from clr_client.errors import ProblemError, ServerUnreachableError, UsageError
from tests.unit.client.conftest import DROP, Answer, Server
from tests.unit.client.documents import job

ID = f"ds_{'5' * 32}"
DATASET = {
    "object": "dataset", "id": ID, "name": "birds", "source": "uploaded", "format": "image_folder",
    "size_bytes": 1_234_567, "sha256": "ab" * 32, "task": "classification", "samples": 6000, "train_samples": None,
    "shape": [3, 32, 32], "dtype": "uint8", "classes": 10, "class_names": None, "targets": None, "use": {},
}  # fmt: skip
TABLE = DATASET | {
    "id": f"ds_{'6' * 32}",
    "shape": None,
    "classes": None,
    "targets": 1,
    "size_bytes": None,
    "sha256": None,
}
LIST = {"object": "list", "data": [DATASET, TABLE], "upload_limit_bytes": 3_000_000}
PROBLEM = {"title": "Invalid dataset", "code": "invalid_dataset", "detail": "the file is empty", "errors": []}

runner = CliRunner()


@pytest.fixture(autouse=True)
def _address(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLR_URL", server.url)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "birds.zip"
    path.write_bytes(bytes(range(256)) * 4000)
    return path


def test_an_upload_is_the_file_as_it_is_and_tells_how_far_it_is(server: Server, file: Path) -> None:
    server.answers = [Answer(200, LIST), Answer(201, DATASET)]
    sent: list[int] = []
    with Client(server.url) as client:
        assert client.upload_dataset(file, "birds & bees", on_progress=sent.append)["id"] == ID
    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", "/v1/datasets?name=birds+%26+bees")
    assert request.body == file.read_bytes()
    assert request.headers["content-length"] == str(len(request.body))
    assert (len(sent), sum(sent)) == (4, len(request.body))


def test_a_file_that_is_too_large_or_not_there_is_not_sent(server: Server, file: Path) -> None:
    server.answers = [Answer(200, LIST | {"upload_limit_bytes": 1000})]
    with Client(server.url) as client:
        with pytest.raises(UsageError, match="1024000 bytes; the server takes at most 1000"):
            client.upload_dataset(file)
        with pytest.raises(UsageError, match="Cannot read"):
            client.upload_dataset(file.with_name("bees.zip"))
    assert [request.method for request in server.requests] == ["GET"]


def test_an_upload_is_sent_once_and_its_failure_is_told(server: Server, file: Path) -> None:
    server.answers = [Answer(200, LIST), DROP]
    with Client(server.url) as client, pytest.raises(ServerUnreachableError):
        client.upload_dataset(file)
    assert [request.method for request in server.requests] == ["GET", "POST"]
    server.answers = [Answer(200, LIST), Answer(422, PROBLEM, "application/problem+json")]
    with Client(server.url) as client, pytest.raises(ProblemError, match="the file is empty"):
        client.upload_dataset(file)


def test_the_list_has_a_line_for_each_dataset(server: Server) -> None:
    server.answers = [Answer(200, LIST)]
    result = runner.invoke(app, ["datasets"])
    assert result.exit_code == 0
    heading, birds, table = result.stdout.splitlines()
    assert heading.split() == ["DATASET", "SAMPLES", "SHAPE", "TARGETS", "BYTES", "SHA-256", "NAME"]
    assert birds.split() == [
        ID,
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
    assert (result.exit_code, result.stdout) == (0, f"{ID}\n")
    assert "6,000" in result.stderr
    assert server.requests[-1].path == "/v1/datasets?name=birds.zip"


def test_a_dataset_is_deleted_by_its_id(server: Server) -> None:
    server.answers = [Answer(204, "")]
    assert runner.invoke(app, ["datasets", "delete", ID]).exit_code == 0
    assert (server.requests[0].method, server.requests[0].path) == ("DELETE", f"/v1/datasets/{ID}")
    server.answers = [Answer(409, PROBLEM | {"code": "dataset_in_use", "detail": "a job needs it"})]
    result = runner.invoke(app, ["datasets", "delete", ID])
    assert result.exit_code == 2
    assert "a job needs it" in result.stderr


def test_the_id_of_an_upload_is_a_dataset_of_conditions(server: Server) -> None:
    server.answers = [Answer(202, job(status="queued"))]
    assert runner.invoke(app, ["lr-find", "--dataset", ID, "--image-size", "32"]).exit_code == 0
    sent = json.loads(server.requests[0].body)
    assert runner.invoke(app, ["lr-find", "--image-size", "32"]).exit_code == 2
    assert sent["conditions"]["dataset"] == {"name": "uploaded", "options": {"id": ID, "image_size": 32}}
