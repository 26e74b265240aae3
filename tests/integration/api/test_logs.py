"""Logs of jobs, from an API that really listens, while the lines come in through the lifecycle of a job."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.records import Batch, Claim, Line
from jobs.database.session import Database
from jobs.errors import StaleAttemptError
from jobs.files import job_log
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish, resume_and_delete
from jobs.status import Outcome
from tests.integration.api.test_events import claimed, messages, stream
from tests.live_server import listening


@pytest.fixture
def http(database_url: str, database: Database, tmp_path: Path) -> Iterator[httpx2.Client]:
    del database  # migrated
    with listening(create_app(Settings(data_dir=tmp_path, database_url=SecretStr(database_url)))) as client:
        yield client


def write(database: Database, claim: Claim, *texts: str) -> None:
    claims.record(database, claim, Batch(lines=[Line("rank0", "stdout", each) for each in texts]))


def path_of(claim: Claim) -> str:
    return f"/v1/jobs/{claim.job_id}/logs"


def page(http: httpx2.Client, claim: Claim, headers: dict[str, str] | None = None, **asked: Any) -> dict[str, Any]:
    response = http.get(path_of(claim), params=asked, headers=headers)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def texts(document: dict[str, Any]) -> list[str]:
    return [line["text"] for line in document["data"]]


def test_lines_come_in_pages_in_order_over_all_attempts(http: httpx2.Client, database: Database) -> None:
    first = claimed(database)
    write(database, first, "a", "b")
    write(database, first, "c")
    finish.give_back(database, first, Outcome.WORKER_LOST, max_attempts=3)
    second = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert second is not None
    write(database, second, "d")
    whole = page(http, first)
    assert [(line["number"], line["attempt"], line["text"]) for line in whole["data"]] == [
        (1, 1, "a"), (2, 1, "b"), (3, 1, "c"), (4, 2, "d"),
    ]  # fmt: skip
    assert (whole["data"][0]["source"], whole["data"][0]["stream"]) == ("rank0", "stdout")
    assert (whole["next_after"], whole["dropped"]) == (None, 0)
    part = page(http, first, limit=2)
    assert (texts(part), part["next_after"]) == (["a", "b"], 2)
    assert texts(page(http, first, after=2)) == ["c", "d"]
    assert texts(page(http, first, tail=1)) == ["d"]
    assert texts(page(http, first, tail=0)) == []
    assert texts(page(http, first, attempt=1, tail=2)) == ["b", "c"]
    assert texts(page(http, first, attempt=2)) == ["d"]


def test_they_are_text_for_who_wants_that(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    write(database, claim, "hello, wörld")
    for asked in ({"params": {"format": "text"}}, {"headers": {"Accept": "text/plain"}}):
        response = http.get(path_of(claim), **asked)  # type: ignore[arg-type]
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert response.text.endswith("Z rank0 stdout: hello, wörld\n")
    assert page(http, claim, {"Accept": "text/plain"}, format="json")["object"] == "list"


def test_the_oldest_lines_go_and_a_reader_is_told(
    http: httpx2.Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log, "KEPT", 5)
    claim = claimed(database)
    write(database, claim, *"abc")
    write(database, claim, *"defg")
    assert texts(page(http, claim)) == list("cdefg")
    assert page(http, claim)["dropped"] == 2
    assert http.get(path_of(claim), params={"format": "text"}).text.startswith("(2 earlier lines are no longer kept)\n")
    write(database, claim, *"hijklmnop")  # more at once than is kept
    assert [(line["number"], line["text"]) for line in page(http, claim)["data"]] == [
        (12, "l"), (13, "m"), (14, "n"), (15, "o"), (16, "p"),
    ]  # fmt: skip


def test_a_stream_has_each_line_as_it_comes_and_ends_with_the_job(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    write(database, claim, "a", "b")
    with stream(http, f"{path_of(claim)}?tail=1") as response:
        coming = messages(response.iter_lines())
        kind, number, line = next(coming)
        assert (kind, number, line["text"]) == ("log", 2, "b")
        write(database, claim, "c")
        assert next(coming)[2]["text"] == "c"
        write(database, claim, "d")
        finish.succeed(database, claim, {"final": {}})
        assert [(kind, number) for kind, number, _ in coming] == [("log", 4), ("end", None)]
    with stream(http, f"{path_of(claim)}?tail=1", **{"Last-Event-ID": "2"}) as response:
        assert [number for _, number, _ in messages(response.iter_lines())] == [3, 4, None]


def test_a_stream_that_begins_at_the_end_has_only_what_is_new(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    write(database, claim, "old")
    with stream(http, f"{path_of(claim)}?tail=0") as response:
        lines = response.iter_lines()
        next(lines)  # it has begun
        write(database, claim, "new")
        finish.succeed(database, claim, {"final": {}})
        assert [line["text"] for kind, _, line in messages(lines) if kind == "log"] == ["new"]


def test_text_is_followed_until_the_job_has_ended(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    write(database, claim, "a")
    threading.Timer(0.3, write, (database, claim, "b")).start()
    threading.Timer(0.6, finish.succeed, (database, claim, {"final": {}})).start()
    response = http.get(path_of(claim), params={"format": "text", "follow": "true"})
    assert [line.split(": ")[1] for line in response.text.splitlines()] == ["a", "b"]


def test_a_page_waits_for_its_first_line_or_the_end(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    threading.Timer(0.3, write, (database, claim, "a")).start()
    assert texts(page(http, claim, {"Prefer": "wait=15"})) == ["a"]
    assert texts(page(http, claim, {"Prefer": "wait=1"}, after=1)) == []
    threading.Timer(0.3, finish.succeed, (database, claim, {"final": {}})).start()
    assert texts(page(http, claim, {"Prefer": "wait=15"}, after=1)) == []


def test_a_stale_attempt_writes_no_line(http: httpx2.Client, database: Database) -> None:
    claim = claimed(database)
    finish.give_back(database, claim, Outcome.WORKER_LOST, max_attempts=3)
    with pytest.raises(StaleAttemptError):
        write(database, claim, "too late")
    assert texts(page(http, claim)) == []


def test_lines_go_with_their_job(database: Database, tmp_path: Path) -> None:
    claim = claimed(database)
    write(database, claim, "a")
    finish.succeed(database, claim, {"final": {}})
    resume_and_delete.delete_job(database, ArtifactStore(tmp_path / "artifacts"), tmp_path / "runs", claim.job_id)
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM log_lines")) == 0


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"tail": "-1"}, "greater than or equal to 0"), ({"limit": "0"}, "greater than or equal to 1"),
        ({"tail": "5", "after": "2"}, "must be omitted if after"), ({"attempt": "0"}, "greater than or equal to 1"),
        ({"format": "xml"}, "'json' or 'text'"),
    ],
)  # fmt: skip
def test_what_is_not_legal_is_refused(http: httpx2.Client, asked: dict[str, str], says: str) -> None:
    response = http.get(f"/v1/jobs/job_{'0' * 32}/logs", params=asked)
    assert response.status_code == 422
    assert says in json.dumps(response.json(), ensure_ascii=False)


def test_logs_of_a_job_that_is_not_there_are_a_404(http: httpx2.Client) -> None:
    for accept in ("application/json", "text/plain", "text/event-stream"):
        response = http.get(f"/v1/jobs/job_{'0' * 32}/logs", headers={"Accept": accept})
        assert (response.status_code, response.json()["code"]) == (404, "job_not_found")
