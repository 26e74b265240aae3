"""The list of jobs: every filter, several at once, page by page, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text, update

from jobs.database import job_list
from jobs.database.job_list import JobFilter
from jobs.database.row_filter import RowFilter
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.status import Status
from jobs.submission import submit
from tests.builders import conditions, lr_find_spec, one_cycle, sweep_spec, train_spec


def submitted(database: Database, status: Status = Status.QUEUED, **changes: Any) -> str:
    job_id = submit.submit(database, lr_find_spec(**changes)).job_id
    with database.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(status=status))
    return job_id


def found(client: TestClient, **asked: Any) -> list[str]:
    response = client.get("/v1/jobs", params=asked)
    assert response.status_code == 200, response.text
    return [job["id"] for job in response.json()["data"]]


def refused(client: TestClient, **asked: Any) -> dict[str, str]:
    response = client.get("/v1/jobs", params=asked)
    assert response.status_code == 422, response.text
    error: dict[str, str] = response.json()["errors"][0]
    return error


def test_several_statuses_are_asked_for_by_repeating_or_with_commas(client: TestClient, database: Database) -> None:
    jobs = {status: submitted(database, status) for status in Status}
    newest_first = list(jobs.values())[::-1]
    assert found(client) == newest_first
    assert found(client, status="failed") == [jobs[Status.FAILED]]
    both = [jobs[Status.FAILED], jobs[Status.RUNNING]]
    assert found(client, status=["running", "failed"]) == found(client, status="failed,running") == both
    assert found(client, is_terminal=True) == [each for each in newest_first if each in set(list(jobs.values())[3:])]
    assert found(client, is_terminal=False, status="failed,running") == [jobs[Status.RUNNING]]
    assert found(client, is_terminal=False, status="failed") == []


def test_labels_must_all_be_there_with_their_values(client: TestClient, database: Database) -> None:
    demo = submitted(database, labels={"project": "demo", "url": "http://x:1"})
    other = submitted(database, labels={"project": "other", "url": "http://x:1"})
    submitted(database)
    assert found(client, label="project:demo") == [demo]
    assert found(client, label="url:http://x:1") == [other, demo]
    assert found(client, label=["url:http://x:1", "project:other"]) == [other]
    assert found(client, label="project:") == []


def test_a_part_of_the_name_is_enough_and_is_taken_literally(client: TestClient, database: Database) -> None:
    first = submitted(database, name="First look, 50% of data")
    submitted(database, name="first 500 of data")
    assert found(client, name="FIRST look") == found(client, name="50%") == [first]
    assert found(client, name="5_0") == []
    assert len(found(client, name="of data")) == 2


def test_kind_parent_and_fingerprint(client: TestClient, database: Database) -> None:
    sweep = submit.submit(database, sweep_spec())
    training = submit.submit(database, train_spec(schedule=one_cycle("auto"))).job_id
    assert found(client, kind="sweep") == [sweep.job_id]
    assert sorted(found(client, parent=sweep.job_id)) == sorted([sweep.runnable_id, *sweep.more_runnable_ids])
    fingerprint = client.get(f"/v1/jobs/{training}").json()["fingerprint"]
    same = found(client, fingerprint=fingerprint)
    assert training in same
    assert len(same) == 3  # the sweep itself, the training, its range test
    other = submitted(database, conditions=conditions(world_size=1))
    assert other not in found(client, fingerprint=fingerprint)


def test_times_of_creation(client: TestClient, database: Database) -> None:
    jobs = [submitted(database) for _ in range(3)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with database.write() as session:
        for day, job_id in enumerate(jobs):
            created = (start + timedelta(days=day)).timestamp()
            session.execute(update(Job).where(Job.id == job_id).values(created_at=created))
    assert found(client, created_after="2026-01-02T00:00:00Z") == [jobs[2], jobs[1]]
    assert found(client, created_before="2026-01-02T00:00:00Z") == [jobs[0]]
    assert found(client, created_after="2026-01-02T01:00:00+01:00", created_before="2026-01-03T00:00:00Z") == [jobs[1]]


def test_pages_of_filtered_jobs_follow_their_links_without_gap_or_double(
    client: TestClient, database: Database
) -> None:  # fmt: skip
    statuses = [Status.QUEUED, Status.RUNNING, Status.FAILED, Status.SUCCEEDED]
    jobs = [submitted(database, statuses[number % 4], labels={"a b": "c&d"}) for number in range(23)]
    wanted = [job for number, job in enumerate(jobs) if number % 4 != 2][::-1]
    asked: dict[str, str | int] = {"status": "queued,running,succeeded", "label": "a b:c&d", "limit": 4}
    response, seen, pages = client.get("/v1/jobs", params=asked), [], 1
    while True:
        page = response.json()
        seen += [job["id"] for job in page["data"]]
        if page["next_cursor"] is None:
            break
        link = response.links["next"]["url"]
        assert page["next_cursor"] in link
        response, pages = client.get(link), pages + 1
    assert seen == wanted
    assert pages == 5
    assert "link" not in response.headers


def test_only_the_jobs_of_the_owner_are_found_whatever_is_asked(database: Database) -> None:
    mine, theirs = (database.seen_by(RowFilter(owner, sees_all=False)) for owner in ("ada", "bob"))
    job = submitted(mine, labels={"project": "demo"})
    for _ in range(3):
        submitted(theirs, labels={"project": "demo"})
    for wanted in (JobFilter(), JobFilter(is_terminal=False), JobFilter(labels=(("project", "demo"),))):
        with mine.read() as session:
            assert [each.id for each in job_list.list_jobs(session, wanted, limit=2)] == [job]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("status", "done", "'succeeded'"),
        ("status", "running,done", "got 'done'"),
        ("kind", "tune", "'lr_find'"),
        ("label", "project", "NAME:VALUE, such as project:demo, got 'project'"),
        ("label", ":demo", "NAME:VALUE"),
        ("name", "", "at least 1"),
        ("name", "a\x07b", "printable"),
        ("parent", "job_1", "job_[0-9a-f]{32}"),
        ("fingerprint", "abc", "sha256:"),
        ("created_after", "yesterday", "date and time"),
        ("created_after", "2026-01-01T00:00:00", "timezone"),
        ("created_before", "0.5", "date and time"),
        ("is_terminal", "maybe", "boolean"),
        ("limit", "0", "greater than or equal to 1"),
        ("limit", "201", "less than or equal to 200"),
        ("cursor", "x", "job_[0-9a-f]{32}"),
        ("state", "running", "not permitted"),
    ],
)
def test_a_bad_filter_is_refused_with_its_name_and_what_is_legal(
    client: TestClient, name: str, value: str, says: str
) -> None:
    error = refused(client, **{name: value})
    assert error["pointer"].startswith(f"/query/{name}")
    assert says in error["detail"]


def test_a_range_of_times_that_holds_nothing_is_refused(client: TestClient) -> None:
    error = refused(client, created_after="2026-01-02T00:00:00Z", created_before="2026-01-02T00:00:00Z")
    assert (error["pointer"], error["code"]) == ("/query/created_before", "empty_range")


def test_a_label_goes_with_its_job(database: Database) -> None:
    job = submitted(database, labels={"project": "demo"})
    with database.write() as session:
        session.execute(text("DELETE FROM jobs WHERE id = :id"), {"id": job})
        assert session.execute(text("SELECT count(*) FROM job_labels")).scalar() == 0
