"""The key that a client shows."""

from collections.abc import Iterator

import pytest

from clr_client.client import Client
from clr_client.errors import KeyUsageError
from clr_client.transport import credentials
from tests.unit.conftest import Answer, Server


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CLR_API_KEY", raising=False)
    yield
    credentials.use(None)


def test_a_key_is_given_or_comes_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers = [Answer(200, {"data": []})]
    with Client(server.url) as client:
        client.jobs()
    monkeypatch.setenv("CLR_API_KEY", "clr_of_the_environment")
    with Client(server.url) as client:
        client.jobs()
    with Client(server.url, api_key="clr_given") as client:
        client.jobs()
    shown = [request.headers.get("authorization") for request in server.requests]
    assert shown == [None, "Bearer clr_of_the_environment", "Bearer clr_given"]


@pytest.mark.parametrize("key", ["a b", "a\nX-Evil: 1", "schlüssel"])
def test_what_cannot_be_a_key_is_not_sent(key: str) -> None:
    with pytest.raises(KeyUsageError) as refused:
        Client("http://127.0.0.1:1", api_key=key)
    assert key not in str(refused.value)
