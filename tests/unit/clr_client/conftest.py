"""Short pauses between the requests of a client."""

import pytest


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clr_client.endpoints.following.FIRST_POLL_S", 0.01)
    monkeypatch.setattr("clr_client.endpoints.following.LONGEST_POLL_S", 0.02)
    monkeypatch.setattr("clr_client.transport.retry.FIRST_RETRY_S", 0.01)
