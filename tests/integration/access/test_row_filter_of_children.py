"""Owners of jobs that hang on other jobs: sweeps, starts from another's weights, jobs that belong to nobody."""

from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.api_keys import Scope
from jobs.database.row_filter import RowFilter
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.submission import submit
from tests.api_requests import assert_problem
from tests.builders import lr_find, lr_find_spec, one_cycle, sweep, sweep_spec, train, train_spec


def owners(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        return {row.id: row.owner for row in session.scalars(select(Job))}


def test_the_jobs_of_a_sweep_belong_to_its_owner_and_count_as_theirs(
    settings: Settings,
    key_of: Callable[..., dict[str, str]],
    database: Database,
) -> None:
    ada, bob = key_of("ada"), key_of("bob")
    with TestClient(create_app(settings.model_copy(update={"max_unfinished_jobs": 4}))) as api:
        parent = api.post("/v1/jobs", json=sweep(), headers=ada).json()
        assert len(parent["children"]) == 3
        assert owners(database) == dict.fromkeys([parent["id"], *parent["children"]], "ada")
        assert_problem(api.post("/v1/jobs", json=sweep(), headers=ada), 429, "too_many_jobs")
        for job_id in (parent["id"], *parent["children"]):
            assert_problem(api.get(f"/v1/jobs/{job_id}", headers=bob), 404, "job_not_found")
        assert_problem(api.post(f"/v1/jobs/{parent['id']}/cancel", headers=bob), 404, "job_not_found")
        assert api.post(f"/v1/jobs/{parent['id']}/cancel", headers=ada).json()["status"] == "cancelled"
        assert api.post("/v1/jobs", json=sweep(), headers=ada).status_code == 202


def test_an_admin_who_cancels_the_jobs_of_a_sweep_one_by_one_ends_it_and_it_stays_its_owners(
    client: TestClient,
    key_of: Callable[..., dict[str, str]],
    database: Database,
) -> None:
    ada, admin = key_of("ada"), key_of("root", Scope.ADMIN)
    parent = client.post("/v1/jobs", json=sweep(), headers=ada).json()
    for child in parent["children"]:
        assert client.post(f"/v1/jobs/{child}/cancel", headers=admin).status_code == 202
    assert client.get(f"/v1/jobs/{parent['id']}", headers=ada).json()["status"] == "failed"
    assert set(owners(database).values()) == {"ada"}


def test_a_start_from_anothers_training_is_one_from_a_job_that_is_not_there(
    client: TestClient,
    key_of: Callable[..., dict[str, str]],
) -> None:
    ada, bob = key_of("ada"), key_of("bob")
    of_ada = client.post("/v1/jobs", json=train(), headers=ada).json()["id"]
    range_test = lr_find()["range_test"]
    for body in (lr_find, sweep):
        for job_id in (of_ada, "job_" + "0" * 32):
            stolen = body(range_test=range_test | {"start_from": {"from_job": job_id}})
            assert_problem(client.post("/v1/jobs", json=stolen, headers=bob), 404, "job_not_found")
    assert client.get("/v1/jobs", headers=bob).json()["data"] == []


def test_a_stream_of_anothers_job_is_a_404_and_ones_own_ends(
    client: TestClient,
    key_of: Callable[..., dict[str, str]],
) -> None:
    ada, bob = key_of("ada"), key_of("bob")
    job_id = client.post("/v1/jobs", json=lr_find(), headers=ada).json()["id"]
    streamed = {"Accept": "text/event-stream"}
    client.post(f"/v1/jobs/{job_id}/cancel", headers=ada)
    assert_problem(client.get(f"/v1/jobs/{job_id}/events", headers=bob | streamed), 404, "job_not_found")
    assert_problem(client.get(f"/v1/jobs/{job_id}", headers=bob | {"Prefer": "wait=5"}), 404, "job_not_found")
    assert "event: end" in client.get(f"/v1/jobs/{job_id}/events", headers=ada | streamed).text


def test_jobs_of_nobody_stay_nobodys_when_an_admin_cancels_them(database: Database) -> None:
    parent = submit.submit(database, sweep_spec()).job_id
    submit.cancel(database.seen_by(RowFilter("root", sees_all=True)), parent)
    assert set(owners(database).values()) == {None}


def test_a_training_of_nobody_stays_nobodys_when_the_owner_of_its_source_cancels_that(database: Database) -> None:
    ada = database.seen_by(RowFilter("ada", sees_all=False))
    source = submit.submit(ada, lr_find_spec()).job_id
    body = train_spec(schedule=one_cycle({"from_job": source}), conditions=None)
    waiting = submit.submit(database, body).job_id
    submit.cancel(ada, source)
    assert owners(database) == {source: "ada", waiting: None}
