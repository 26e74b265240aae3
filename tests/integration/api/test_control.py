"""Resume, clone, delete, cancel, workers and draining over HTTP."""

import pytest
from fastapi.testclient import TestClient

from jobs.database.session import Database
from jobs.lifecycle import claims
from jobs.scheduling import workers
from jobs.scheduling.workers import WorkerInfo
from tests.api_requests import assert_problem
from tests.builders import lr_find, train


def test_a_job_is_cancelled_resumed_and_deleted(client: TestClient) -> None:
    path = "/v1/jobs/" + client.post("/v1/jobs", json=train(priority=7, max_queue_s=60)).json()["id"]
    assert_problem(client.post(f"{path}/resume"), 409, "not_resumable")
    assert_problem(client.delete(path), 409, "job_not_terminal")
    assert_problem(client.post(f"{path}/cancel", json={"mode": "softly"}), 422, "invalid_spec")
    assert client.post(f"{path}/cancel", json={"mode": "kill"}).json()["status"] == "cancelled"
    tag = client.get(path).headers["etag"]
    response = client.post(f"{path}/resume")
    assert (response.status_code, response.json()["status"]) == (202, "queued")
    assert client.get(path).headers["etag"] != tag
    client.post(f"{path}/cancel")
    assert client.delete(path).status_code == 204
    assert_problem(client.get(path), 404, "job_not_found")
    assert_problem(client.post(f"{path}/resume"), 404, "job_not_found")
    assert_problem(client.post(f"{path}/clone"), 404, "job_not_found")


def test_a_clone_is_judged_like_a_submit(client: TestClient) -> None:
    path = "/v1/jobs/" + client.post("/v1/jobs", json=lr_find()).json()["id"]
    response = client.post(f"{path}/clone", json={"seed": 3}, headers={"Idempotency-Key": "k"})
    assert (response.status_code, response.json()["spec"]["seed"]) == (202, 3)
    assert response.headers["location"] == f"/v1/jobs/{response.json()['id']}"
    again = client.post(f"{path}/clone", json={"seed": 3}, headers={"Idempotency-Key": "k"})
    assert again.json()["id"] == response.json()["id"]
    assert_problem(
        client.post(f"{path}/clone", json={"seed": 4}, headers={"Idempotency-Key": "k"}), 409, "idempotency_key_reused"
    )
    wrong = assert_problem(client.post(f"{path}/clone", json={"range_test": {"steps": -1}}), 422, "invalid_spec")
    assert wrong["errors"][0]["pointer"] == "/range_test/steps"
    assert_problem(client.post(f"{path}/clone", json={"kind": None}), 422, "invalid_spec")
    assert_problem(client.post(f"{path}/clone", json=[1]), 400, "bad_body")
    assert client.post(f"{path}/clone").json()["spec"] == client.get(path).json()["spec"]


@pytest.mark.parametrize(
    "wrong",
    [{"priority": 101}, {"priority": 0.5}, {"max_runtime_s": 0}, {"max_queue_s": -1}, {"max_attempts": 0}],
    ids=str,
)
def test_limits_out_of_range_are_refused(client: TestClient, wrong: dict[str, float]) -> None:
    document = assert_problem(client.post("/v1/jobs", json=train(**wrong)), 422, "invalid_spec")
    assert document["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


def test_workers_are_listed_with_what_they_run_and_drained(client: TestClient, database: Database) -> None:
    assert client.get("/v1/workers").json() == {"object": "list", "data": []}
    assert_problem(client.post("/v1/workers/w/drain"), 404, "worker_not_found")
    info = WorkerInfo("w", "host", 7, 4, "cuda", ("cuda:0", "cuda:1", "cuda:2", "cuda:3"), {"torch": "2.13.0"})
    assert workers.beat(database, info, ttl_s=30, quarantined=[3]) is False
    job_id = client.post("/v1/jobs", json=train()).json()["id"]
    claims.claim_next(database, worker="w", slots=3, free=3, lease_s=30)
    (worker,) = client.get("/v1/workers").json()["data"]
    assert 0 <= worker.pop("heartbeat_age_s") < 30
    del worker["started_at"]
    assert worker == {
        "object": "worker", "name": "w", "host": "host", "pid": 7, "state": "busy", "draining": False, "slots": 4,
        "free_slots": 1, "quarantined_slots": [3], "device": "cuda", "devices": list(info.devices),
        "versions": {"torch": "2.13.0"},
        "jobs": [{"job_id": job_id, "kind": "train", "status": "running", "attempt": 1, "slots": 2}],
    }  # fmt: skip
    assert client.post("/v1/workers/w/drain").json()["state"] == "draining"
    assert workers.beat(database, info, ttl_s=30) is True
    assert client.post("/v1/workers/w/drain", json={"draining": False}).json()["state"] == "busy"
    assert_problem(client.post("/v1/workers/w/drain", json={"draining": "no"}), 422, "invalid_spec")
