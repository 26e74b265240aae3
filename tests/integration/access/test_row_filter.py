"""Owners see and touch what is theirs, over both databases."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from fastapi.testclient import TestClient
from sqlalchemy import select

from jobs.database.api_keys import Scope
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.lifecycle import claims
from tests.api_requests import NOBODYS, assert_problem, filled, operations, submit
from tests.builders import conditions, lr_find, one_cycle, train


def test_owners_see_and_touch_their_own_jobs_only_and_admins_all(
    client: TestClient, key_of: Callable[..., dict[str, str]], database: Database
) -> None:
    ada, bob, admin = key_of("ada"), key_of("bob"), key_of("root", Scope.ADMIN)
    parent = client.post("/v1/jobs", json=train(schedule=one_cycle("auto")), headers=ada).json()
    of_ada = [parent["id"], *parent["children"]]
    of_bob = submit(client, bob)
    by_job = [(method, path) for method, path in operations(client) if "{job_id}" in path]
    assert len(by_job) >= 4
    for method, path in by_job:
        for job_id in of_ada:
            response = client.request(method, filled(path, job_id), headers=bob, json={})
            unknown = client.request(method, filled(path), headers=bob, json={})
            assert_problem(response, 404, "job_not_found")
            assert response.json()["detail"].replace(job_id, "") == unknown.json()["detail"].replace(NOBODYS, "")
    for headers, expected in ((ada, of_ada), (bob, [of_bob]), (admin, [*of_ada, of_bob])):
        listed = client.get("/v1/jobs", headers=headers).json()["data"]
        assert {job["id"] for job in listed} == set(expected)
        assert client.get(f"/v1/jobs/{expected[0]}", headers=headers).status_code == 200
    assert_problem(client.get(f"/v1/events?job={of_bob}&job={of_ada[0]}", headers=bob), 404, "job_not_found")
    stolen = train(schedule=one_cycle({"from_job": of_bob}), conditions=None)
    assert_problem(client.post("/v1/jobs", json=stolen, headers=ada), 404, "job_not_found")
    with database.read() as session:
        assert {row.id: row.owner for row in session.scalars(select(Job))} == dict.fromkeys(of_ada, "ada") | {
            of_bob: "bob"
        }
    assert client.post(f"/v1/jobs/{of_bob}/cancel", headers=admin).json()["status"] == "cancelled"
    assert client.get(f"/v1/jobs/{of_ada[0]}", headers=ada).json()["status"] == "queued"


def test_keys_of_one_owner_share_their_jobs(client: TestClient, key_of: Callable[..., dict[str, str]]) -> None:
    first, second = key_of("laptop", owner="ada"), key_of("cluster", owner="ada")
    job_id = submit(client, first)
    assert client.get(f"/v1/jobs/{job_id}", headers=second).status_code == 200


def test_the_same_idempotency_key_of_two_owners_makes_two_jobs(
    client: TestClient, key_of: Callable[..., dict[str, str]]
) -> None:
    ada, bob = (key_of(name) | {"Idempotency-Key": "once"} for name in ("ada", "bob"))
    first, second = submit(client, ada), submit(client, bob, seed=1)
    assert first != second
    assert submit(client, ada) == first
    assert_problem(client.post("/v1/jobs", json=lr_find(seed=2), headers=bob), 409, "idempotency_key_reused")


def test_a_job_of_another_owner_that_waited_is_released_when_its_source_is_cancelled(
    client: TestClient, key_of: Callable[..., dict[str, str]]
) -> None:
    ada, admin = key_of("ada"), key_of("root", Scope.ADMIN)
    source = submit(client, ada)
    body = train(schedule=one_cycle({"from_job": source}), conditions=None)
    waiting = client.post("/v1/jobs", json=body, headers=admin).json()["id"]
    assert client.post(f"/v1/jobs/{source}/cancel", headers=ada).status_code == 202
    assert client.get(f"/v1/jobs/{waiting}", headers=admin).json()["reason"] == "parent_failed"


def test_a_job_that_a_worker_makes_belongs_to_the_owner_of_its_parent(
    client: TestClient, key_of: Callable[..., dict[str, str]], database: Database
) -> None:
    parent = submit(client, key_of("ada"))
    assert claims.claim_next(database, worker="w", slots=2, free=2, lease_s=9) is not None
    with database.write() as session:
        row = session.get(Job, parent)
        assert row is not None
        child = Job(**{name: value for name, value in row.__dict__.items() if name[0] != "_"})
        child.id, child.owner, child.parent_id = "job_" + "1" * 32, None, parent
        session.add(child)
    with database.read() as session:
        found = session.get(Job, "job_" + "1" * 32)
        assert found is not None
        assert found.owner == "ada"


def test_owners_see_and_use_their_own_datasets_only(
    client: TestClient, key_of: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    ada, bob, admin = key_of("ada"), key_of("bob"), key_of("root", Scope.ADMIN)
    np.savez(tmp_path / "d.npz", x=np.eye(40, 8, dtype=np.float32), y=np.arange(40) % 2)
    uploaded = client.post("/v1/datasets", content=(tmp_path / "d.npz").read_bytes(), headers=ada)
    assert uploaded.status_code == 201, uploaded.text
    dataset_id = uploaded.json()["id"]
    for headers, seen in ((ada, True), (bob, False), (admin, True)):
        listed = [one["id"] for one in client.get("/v1/datasets", headers=headers).json()["data"]]
        assert (dataset_id in listed) is seen
        assert client.get(f"/v1/datasets/{dataset_id}", headers=headers).status_code == (200 if seen else 404)
    spec = lr_find(
        conditions=conditions(dataset={"name": "uploaded", "options": {"id": dataset_id}}, global_batch_size=16)
    )
    assert_problem(client.post("/v1/jobs", json=spec, headers=bob), 422, "unusable_dataset")
    by_dataset = [(method, path) for method, path in operations(client) if "{dataset_id}" in path]
    assert len(by_dataset) >= 2
    for method, path in by_dataset:
        response = client.request(method, path.format(dataset_id=dataset_id), headers=bob, json={})
        assert_problem(response, 404, "dataset_not_found")
    assert client.post("/v1/jobs", json=spec, headers=admin).status_code == 202
    assert client.delete(f"/v1/datasets/{dataset_id}", headers=ada).status_code == 409  # an admin's job needs it
