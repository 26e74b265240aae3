"""Open streams end when the key or the session that they were opened with does."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from api.access import stream_access
from api.access.caller import COOKIE
from api.access.policy import Policy
from api.app import create_app
from api.routes.jobs import events, logs
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import NewKey, Scope
from jobs.database.row_filter import RowFilter
from jobs.database.session import Database
from jobs.submission import submit
from tests.builders import train_spec
from tests.integration.api.test_events import messages, stream
from tests.live_server import listening


@pytest.fixture
def http(
    database_url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx2.Client]:
    del database  # migrated
    monkeypatch.setattr(stream_access.StreamAccess.__init__, "__defaults__", (0.2,))  # seconds between two looks
    for module in (events, logs):
        monkeypatch.setattr(module, "PING_S", 0.3)
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(database_url))
    with listening(create_app(settings, Policy(key_required=True, hosts=None))) as client:
        yield client


@pytest.fixture
def key(database: Database) -> NewKey:
    return api_keys.create(database, name="ada", scope=Scope.SUBMIT)


@pytest.fixture
def job(database: Database) -> str:
    return submit.submit(database.seen_by(RowFilter("ada", sees_all=False)), train_spec()).job_id


@pytest.mark.parametrize("path", ["/v1/jobs/{}/events", "/v1/events?job={}", "/v1/jobs/{}/logs"])
def test_a_stream_ends_when_its_key_is_revoked(
    http: httpx2.Client, database: Database, key: NewKey, job: str, path: str
) -> None:
    with stream(http, path.format(job), Authorization=f"Bearer {key.secret}") as response:
        lines = response.iter_lines()
        next(lines)  # it has begun
        api_keys.revoke(database, key.row.id)
        *_, (kind, _, data) = messages(lines)
    assert (kind, data["status"], data["code"]) == ("refused", 401, "invalid_key")


def test_a_stream_ends_when_its_session_ends(http: httpx2.Client, database: Database, key: NewKey, job: str) -> None:
    token = api_keys.begin_session(database, api_keys.digest(key.secret), ttl_s=60)
    with stream(http, f"/v1/jobs/{job}/events", Cookie=f"{COOKIE}={token}") as response:
        lines = response.iter_lines()
        next(lines)
        api_keys.end_session(database, token)
        *_, (kind, _, data) = messages(lines)
    assert (kind, data["code"]) == ("refused", "session_ended")


def test_followed_text_ends_with_its_key(http: httpx2.Client, database: Database, key: NewKey, job: str) -> None:
    with stream(http, f"/v1/jobs/{job}/logs?format=text&follow=true", Authorization=f"Bearer {key.secret}") as response:
        api_keys.revoke(database, key.row.id)
        assert "revoked" in response.read().decode()
