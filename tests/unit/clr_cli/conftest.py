"""The stub server, as the commands find it."""

import pytest

from tests.unit.conftest import Server


@pytest.fixture
def server(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server that the environment names; a command that follows a job asks it at once again."""
    monkeypatch.setenv("CLR_URL", server.url)
    monkeypatch.setattr("clr_client.endpoints.following.LONGEST_POLL_S", 0.02)
    return server
