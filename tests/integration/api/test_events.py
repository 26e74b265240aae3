"""Streams and answers that wait, from an API that really listens, while the job moves in SQL."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from api.app import create_app
from api.change_feed import ChangeFeed
from jobs.config.settings import Settings
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.lifecycle import claims, finish
from jobs.status import Reason
from jobs.submission import submit
from tests.builders import train_spec
from tests.live_server import TIMEOUT_S, listening


@pytest.fixture
def http(database_url: str, database: Database, tmp_path: Path) -> Iterator[httpx2.Client]:
    del database  # migrated
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(database_url))
    with listening(create_app(settings)) as client:
        yield client


def claimed(database: Database) -> Claim:
    submit.submit(database, train_spec())
    claim = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert claim is not None
    return claim


def record(database: Database, claim: Claim, step: int) -> None:
    points = [MetricPoint("train_loss", 0, step, 1.0)]
    claims.record(database, claim, Batch(points=points, progress={"step": step + 1}, latest={"train_loss": 1.0}))


def messages(lines: Iterator[str]) -> Iterator[tuple[str, int | None, Any]]:
    """``(event, id, data)`` of a stream."""
    found: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            found[name] = value
        elif "data" in found:
            yield found.get("event", "message"), int(found["id"]) if "id" in found else None, json.loads(found["data"])
            found = {}
        else:
            found = {}


def stream(http: httpx2.Client, path: str, **headers: str) -> Any:
    return http.stream("GET", path, headers={"Accept": "text/event-stream", **headers})


def test_a_stream_tells_what_was_what_happens_and_that_it_ended(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    with stream(http, f"/v1/jobs/{claim.job_id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        coming = messages(response.iter_lines())
        assert [next(coming)[0] for _ in range(3)] == ["submitted", "started", "job"]
        for step in range(3):
            record(database, claim, step)
            kind, _, data = next(coming)
            assert (kind, data["progress"]["step"], data["latest"]) == ("job", step + 1, {"train_loss": 1.0})
        finish.succeed(database, claim, {"final": {}})
        rest = list(coming)
    assert [kind for kind, _, _ in rest] == ["succeeded", "job", "end"]
    assert rest[1][2]["is_terminal"]


def test_a_stream_that_broke_goes_on_after_the_last_event_it_had(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    path = f"/v1/jobs/{claim.job_id}/events"
    with stream(http, path) as response:
        _, first, _ = next(messages(response.iter_lines()))
    finish.succeed(database, claim, {"final": {}})
    with stream(http, path, **{"Last-Event-ID": str(first)}) as response:
        kinds = [kind for kind, _, _ in messages(response.iter_lines())]
    assert kinds == ["started", "succeeded", "job", "end"]


def test_one_stream_tells_of_several_jobs(http: httpx2.Client, database: Database) -> None:
    first, second = claimed(database), claimed(database)
    with stream(http, f"/v1/events?job={first.job_id}&job={second.job_id}") as response:
        coming = messages(response.iter_lines())
        assert [next(coming)[0] for _ in range(6)] == ["submitted", "started", "job"] * 2
        finish.succeed(database, second, {"final": {}})
        ended = [next(coming) for _ in range(2)]
        assert [(kind, data.get("job_id") or data["id"]) for kind, _, data in ended] == [
            ("succeeded", second.job_id), ("job", second.job_id)
        ]  # fmt: skip
        finish.fail(database, first, Reason.DIVERGED, "it grew")
        assert [kind for kind, _, _ in coming] == ["failed", "job", "end"]


def test_many_streams_of_a_job_hear_the_same(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    heard: list[list[str]] = []

    def listen() -> None:
        with stream(http, f"/v1/jobs/{claim.job_id}/events") as response:
            heard.append([kind for kind, _, _ in messages(response.iter_lines()) if kind != "job"])

    threads = [threading.Thread(target=listen) for _ in range(10)]
    for thread in threads:
        thread.start()
    for step in range(3):
        record(database, claim, step)
        time.sleep(0.05)
    finish.succeed(database, claim, {"final": {}})
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert heard == [["submitted", "started", "succeeded", "end"]] * 10


def test_events_come_in_pages_too(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    path = f"/v1/jobs/{claim.job_id}/events"
    first = http.get(path, params={"limit": 1}).json()
    assert [event["type"] for event in first["data"]] == ["submitted"]
    second = http.get(path, params={"after": first["next_after"]}).json()
    assert [event["type"] for event in second["data"]] == ["started"]
    assert second["next_after"] is None


@pytest.mark.parametrize("path", ["/v1/jobs/job_nonsense/events", f"/v1/events?job=job_{'0' * 32}"])
def test_a_stream_of_a_job_that_is_not_there_is_a_404(http: httpx2.Client, path: str) -> None:
    response = http.get(path, headers={"Accept": "text/event-stream"})
    assert response.status_code == 404
    assert response.json()["code"] == "job_not_found"


def test_an_unchanged_page_of_jobs_is_a_304(http: httpx2.Client, database: Database) -> None:
    mine = claimed(database)
    first = http.get("/v1/jobs").headers["ETag"]
    assert http.get("/v1/jobs", headers={"If-None-Match": first}).status_code == 304
    record(database, mine, 3)
    changed = http.get("/v1/jobs", headers={"If-None-Match": first})
    assert (changed.status_code, changed.json()["data"][0]["progress"]["step"]) == (200, 4)
    submit.submit(database, train_spec())
    assert http.get("/v1/jobs", headers={"If-None-Match": changed.headers["ETag"]}).status_code == 200


def test_an_unchanged_job_is_a_304(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    path = f"/v1/jobs/{claim.job_id}"
    first = http.get(path)
    assert first.headers["Retry-After"] == "1"
    same = http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    record(database, claim, 0)
    assert http.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_an_answer_waits_until_the_job_has_changed(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    path = f"/v1/jobs/{claim.job_id}"
    etag = http.get(path).headers["ETag"]
    threading.Timer(0.4, record, (database, claim, 0)).start()
    changed = http.get(path, headers={"If-None-Match": etag, "Prefer": "wait=15"})
    assert changed.json()["progress"]["step"] == 1
    assert changed.headers["Preference-Applied"] == "wait=15"
    etag = changed.headers["ETag"]
    assert http.get(path, headers={"If-None-Match": etag, "Prefer": "wait=1"}).status_code == 304


def test_an_answer_waits_until_the_job_has_ended(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    threading.Timer(0.2, record, (database, claim, 0)).start()
    threading.Timer(0.6, finish.succeed, (database, claim, {"final": {}})).start()
    ended = http.get(f"/v1/jobs/{claim.job_id}", headers={"Prefer": "respond-async, wait=15"})
    assert ended.json()["status"] == "succeeded"
    assert "Retry-After" not in ended.headers


def test_every_stream_ends_when_the_server_is_to_end(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    change_feed = ChangeFeed(database)

    async def listen() -> tuple[Any, bool]:
        with change_feed.listening([job_id]) as listener:
            while await listener.next(0.5) is not None:  # what has happened until now
                pass
            change_feed.end()
            return await listener.next(30), listener.is_open

    assert asyncio.run(listen()) == (None, False)
