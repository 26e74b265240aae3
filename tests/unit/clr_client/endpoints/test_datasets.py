from pathlib import Path

import pytest

from clr_client.client import Client
from clr_client.errors import ProblemError, ServerUnreachableError, UsageError
from tests.unit.conftest import DROP, Answer, Server
from tests.unit.documents import DATASET, DATASET_ID, TABLE

LIST = {"object": "list", "data": [DATASET, TABLE], "upload_limit_bytes": 3_000_000}
PROBLEM = {"title": "Invalid dataset", "code": "invalid_dataset", "detail": "the file is empty", "errors": []}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "birds.zip"
    path.write_bytes(bytes(range(256)) * 4000)
    return path


def test_an_upload_is_the_file_as_it_is_and_tells_how_far_it_is(server: Server, file: Path) -> None:
    server.answers = [Answer(200, LIST), Answer(201, DATASET)]
    sent: list[int] = []
    with Client(server.url) as client:
        assert client.upload_dataset(file, "birds & bees", on_progress=sent.append)["id"] == DATASET_ID
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
