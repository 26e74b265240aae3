"""Jobs on two workers: real Celery workers, real ranks that meet, on one machine by way of loopback."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import conditions, train
from tests.e2e.conftest import running_stack
from tests.e2e.second_worker import second_worker
from tests.e2e.test_faults import assert_whole, kill_tree, ranks_under, started, wait_until

TIMEOUT_S = 240
LONG = 1_000_000
HERE = {"CLR_NODE_ADDRESS": "127.0.0.1", "CLR_WORKER_NAME": "one", "CLR_LEASE_S": "6", "CLR_HANG_FLOOR_S": "3"}


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Stack]:
    with (
        running_stack(extra_env=HERE, start_timeout_s=TIMEOUT_S) as stack,
        second_worker(stack, "two"),
        Client(stack.url) as client,
    ):
        wait_until(lambda: len(client.workers()["data"]) == 2, TIMEOUT_S)
        yield stack


def events_of(stack: Stack, job_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx2.get(f"{stack.url}/v1/jobs/{job_id}/events").json()["data"]
    return found


def on_two_nodes(**changes: Any) -> dict[str, Any]:
    return train(conditions=conditions(world_size=4, nodes=2), **changes)


def began_on(stack: Stack, job_id: str) -> list[list[str]]:
    """Workers of each attempt, sorted."""
    return [sorted(event["data"]["workers"]) for event in events_of(stack, job_id) if event["type"] == "started"]


def test_two_jobs_of_two_nodes_submitted_at_once_both_end(two_workers: Stack) -> None:
    with Client(two_workers.url) as client:
        ids = [client.submit(on_two_nodes(steps=60, seed=seed))["id"] for seed in range(2)]
        for job_id in ids:
            job = client.wait(job_id, timeout_s=TIMEOUT_S)
            assert job["status"] == "succeeded", job["error"]
            assert_whole(client, job_id, 60)
            assert began_on(two_workers, job_id) == [["one", "two"]]


def test_a_cancel_reaches_every_node(two_workers: Stack) -> None:
    with Client(two_workers.url) as client:
        job_id = client.submit(on_two_nodes(steps=LONG))["id"]
        started(client, job_id, 10, TIMEOUT_S)
        client.cancel(job_id)
        assert client.wait(job_id, timeout_s=TIMEOUT_S)["status"] == "cancelled"
        after = client.submit(on_two_nodes(steps=20))["id"]  # needs the slots of both
        assert client.wait(after, timeout_s=TIMEOUT_S)["status"] == "succeeded"


def test_a_stopped_rank_of_a_node_that_does_not_lead_is_noticed(two_workers: Stack) -> None:
    total = 1500
    with Client(two_workers.url) as client:
        job_id = client.submit(on_two_nodes(steps=total))["id"]
        started(client, job_id, total // 5, TIMEOUT_S)
        event = next(each for each in events_of(two_workers, job_id) if each["type"] == "started")
        follower = event["data"]["workers"][1]
        pids = {each["name"]: each["pid"] for each in client.workers()["data"]}
        stopped = ranks_under(pids[follower])[-1]
        stopped.suspend()
        job = client.wait(job_id, timeout_s=TIMEOUT_S)
        assert job["status"] == "succeeded", job["error"]
        assert [attempt["outcome"] for attempt in job["attempts"]] == ["worker_lost", "succeeded"]
        assert [alarm["code"] for alarm in job["alarms"]] == ["ranks_hang"]
        assert not stopped.is_running()
        assert_whole(client, job_id, total)


def test_a_node_killed_in_the_middle_is_survived_without_a_missing_or_doubled_step(two_workers: Stack) -> None:
    stack, total = two_workers, 1500
    with Client(stack.url) as client, second_worker(stack, "three") as three:
        client.drain("two")
        wait_until(lambda: {each["name"]: each["state"] for each in client.workers()["data"]}.get("three"), TIMEOUT_S)
        job_id = client.submit(on_two_nodes(steps=total))["id"]
        started(client, job_id, total // 5, TIMEOUT_S)
        kill_tree(three.pid)
        client.drain("two", draining=False)
        job = client.wait(job_id, timeout_s=TIMEOUT_S)
        assert job["status"] == "succeeded", job["error"]
        assert [attempt["outcome"] for attempt in job["attempts"]] == ["worker_lost", "succeeded"]
        assert job["attempts"][1]["resumed_from_step"] > 0
        assert began_on(stack, job_id) == [["one", "three"], ["one", "two"]]
        assert_whole(client, job_id, total)
