"""Small requests cannot take the whole API: how much a key may have under way, and what a slow client holds."""

import socket
import time

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert
from starlette.requests import Request

from api.access.concurrency_limit import kind_of
from api.app import create_app
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.session import Database
from jobs.database.tables.jobs import Point
from jobs.submission import submit
from tests.api_requests import assert_problem, bearer
from tests.archives import LEGAL, files_in
from tests.builders import lr_find_spec
from tests.live_server import listening

LINES = 60_000  # more than the buffers of a connection take in
SLOW_CLIENTS = 26  # one more than there are connections to the database
KINDS = [
    ("POST", "/v1/schedules:preview", "", {}, "heavy requests"),
    ("POST", "/v1/jobs:validate", "", {}, "heavy requests"),
    ("GET", "/v1/jobs/job_1/plot.svg", "", {}, "heavy requests"),
    ("GET", "/v1/jobs/job_1/curves", "format=csv", {}, "heavy requests"),
    ("GET", "/v1/jobs/job_1/curves", "", {"accept": "text/csv"}, "heavy requests"),
    ("GET", "/v1/jobs/job_1/curves", "smoothing=0.9", {}, "heavy requests"),
    ("GET", "/v1/jobs/job_1/curves", "", {}, None),
    ("POST", "/v1/datasets", "name=x", {}, "uploads"),
    ("GET", "/v1/datasets", "", {}, None),
    ("GET", "/v1/events", "job=job_1", {}, "streams"),
    ("GET", "/v1/jobs/job_1/events", "", {"accept": "text/event-stream"}, "streams"),
    ("GET", "/v1/jobs/job_1/events", "", {}, None),
    ("GET", "/v1/jobs/job_1/logs", "follow=true", {}, "streams"),
    ("GET", "/v1/jobs/job_1/logs", "", {"prefer": "wait=5"}, "streams"),
    ("GET", "/v1/jobs/job_1", "", {"prefer": "wait=30"}, "streams"),
    ("GET", "/v1/jobs/job_1", "", {}, None),
    ("GET", "/v1/jobs", "", {}, None),
]


@pytest.mark.parametrize(("method", "path", "query", "headers", "kind"), KINDS)
def test_what_is_counted(method: str, path: str, query: str, headers: dict[str, str], kind: str | None) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": raw}
    assert kind_of(Request(scope)) == kind


def test_a_key_has_so_many_streams_and_no_more(settings: Settings, database: Database) -> None:
    changed = settings.model_copy(update={"max_streams": 1, "auth": True})
    ada, bob = (bearer(api_keys.create(database, name=name, scope=Scope.ADMIN).secret) for name in ("ada", "bob"))
    job_id = submit.submit(database, lr_find_spec()).job_id
    path = f"/v1/events?job={job_id}"
    with listening(create_app(changed)) as client:
        with client.stream("GET", path, headers=ada) as stream:
            lines = stream.iter_lines()  # kept: where it goes, the connection is closed
            next(lines)
            refused = client.get(path, headers=ada)
            assert_problem(refused, 429, "too_many_at_once")
            assert refused.headers["retry-after"] == "1"
            assert client.get(f"/v1/jobs/{job_id}", headers=ada).status_code == 200
            with client.stream("GET", path, headers=bob) as other:
                assert other.status_code == 200
        submit.cancel(database, job_id)
        deadline = time.monotonic() + 20
        while client.get(path, headers=ada).status_code != 200:
            assert time.monotonic() < deadline, "the place of a stream that has ended was not given back"
            time.sleep(0.05)


def test_slow_clients_of_tables_hold_no_connection(settings: Settings, database: Database) -> None:
    job_id = submit.submit(database, lr_find_spec()).job_id
    row = {"job_id": job_id, "metric": "train_loss", "replica": 0, "value": 1 / 3}
    rows = [row | {"step": step} for step in range(LINES)]
    with database.write() as session:
        session.execute(insert(Point), rows)
    changed = settings.model_copy(update={"max_heavy_requests": SLOW_CLIENTS})
    with listening(create_app(changed)) as client:
        address = (client.base_url.host, client.base_url.port or 80)
        slow = [_asked(address, f"/v1/jobs/{job_id}/curves?format=csv") for _ in range(SLOW_CLIENTS)]
        try:
            assert client.get(f"/v1/jobs/{job_id}").status_code == 200
        finally:
            for each in slow:
                each.close()


def _asked(address: tuple[str, int], path: str) -> socket.socket:
    """A client that has the first bytes of its answer and reads no more."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(address)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def test_an_upload_leaves_the_disk_some_room(settings: Settings, database: Database) -> None:
    del database
    changed = settings.model_copy(update={"min_free_bytes": 2**62})
    with TestClient(create_app(changed)) as client:
        assert_problem(client.post("/v1/datasets", content=LEGAL), 507, "storage_unavailable")
    assert files_in(changed.artifacts_dir, changed.uploads_dir) == []
