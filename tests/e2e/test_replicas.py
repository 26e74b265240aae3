"""Replicas of a range test on spare slots: the same answer to the bit, slots that are told and given back, faults."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2
import psutil

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import conditions, lr_find
from tests.e2e.conftest import PATIENT
from tests.e2e.test_faults import wait_until

TIMEOUT_S = 180
ALONE = conditions(world_size=1)
SHORT = {"start_lr": 1e-5, "end_lr": 10, "steps": 60, "replicas": 3}
LONG = {"start_lr": 1e-7, "end_lr": 1e-3, "steps": 2000, "replicas": 3}
NAMES = ["train_loss", "lr", "val_loss"]


def slots_of(stack: Stack, job_id: str) -> list[int]:
    """How many slots a job held, whenever that changed."""
    events = httpx2.get(f"{stack.url}/v1/jobs/{job_id}/events").json()["data"]
    return [event["data"]["slots"] for event in events if event["type"] == "slots"]


def answer(client: Client, job_id: str, *names: str) -> tuple[Any, Any]:
    """Bounds and curves of a job, without what names the job."""
    job = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert job["status"] == "succeeded", job["error"]
    bounds = {key: value for key, value in client.bounds(job_id).items() if key not in {"job_id", "use"}}
    return bounds, client.curves(job_id, [*NAMES, *names], max_points=20_000)["series"]


def held(client: Client, job_id: str) -> tuple[int, int]:
    """What the worker says of a job: slots that it holds, and free ones."""
    (worker,) = client.workers()["data"]
    return next((job["slots"] for job in worker["jobs"] if job["job_id"] == job_id), 0), worker["free_slots"]


def ranks_of(stack: Stack) -> list[psutil.Process]:
    """The rank processes: children of agents, which are children of the forkserver, which is a child of the worker."""
    found, worker = [], psutil.Process(stack.pids()["worker"])
    for process in worker.children(recursive=True):
        with suppress(psutil.NoSuchProcess, IndexError):  # one that ends while they are counted
            if process.parents()[2] == worker and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_three_slots_give_the_bounds_and_curves_of_one_slot_to_the_bit(one_slot: Stack, three_slots: Stack) -> None:
    specs = [
        lr_find(conditions=ALONE, range_test=SHORT),
        lr_find(conditions=ALONE, range_test=SHORT | {"bisect": True, "vary": "data_order_and_initialisation"}),
        lr_find(conditions=ALONE, range_test=SHORT | {"measure": "val_loss"}, seed=7),
    ]
    answers = []
    for slots, stack in ((1, one_slot), (3, three_slots)):
        with Client(stack.url) as client:
            ids = []
            for spec in specs:  # one after the other, so that no job waits
                ids.append(client.submit(spec)["id"])
                client.wait(ids[-1], timeout_s=TIMEOUT_S)
            answers.append([answer(client, job_id) for job_id in ids])
            most = [max(slots_of(stack, job_id), default=1) for job_id in ids]
            assert most == [slots] * len(specs)
    assert answers[0] == answers[1]


def test_groups_of_two_ranks_take_two_slots_each(own_stack: Callable[..., Stack]) -> None:
    with Client(own_stack(slots=5, extra_env=PATIENT).url) as client:
        job_id = client.submit(lr_find(range_test=LONG | {"steps": 800}))["id"]
        wait_until(lambda: held(client, job_id) == (4, 1))
        job = client.wait(job_id, timeout_s=TIMEOUT_S)
        assert (job["status"], job["progress"]["step"]) == ("succeeded", 2400)
        assert [attempt["outcome"] for attempt in job["attempts"]] == ["succeeded"]
        wait_until(lambda: held(client, job_id) == (0, 5))


def test_a_job_that_waits_gets_lent_slots_after_the_replica_that_is_at_them(own_stack: Callable[..., Stack]) -> None:
    stack = own_stack(slots=2, extra_env=PATIENT)
    with Client(stack.url) as client:
        first = client.submit(lr_find(conditions=ALONE, range_test=LONG | {"replicas": 20}))["id"]
        wait_until(lambda: held(client, first) == (2, 0))
        second = client.submit(lr_find(conditions=ALONE, range_test=SHORT))["id"]
        assert client.wait(second, timeout_s=TIMEOUT_S)["status"] == "succeeded"
        assert slots_of(stack, first)[:2] == [2, 1]
        assert not client.job(first)["is_terminal"]
        wait_until(lambda: held(client, first) == (2, 0))  # and lent again, now that nobody waits
        client.cancel(first)
        assert client.wait(first, timeout_s=TIMEOUT_S)["status"] == "cancelled"
        wait_until(lambda: held(client, first) == (0, 2))


def test_a_rank_killed_in_one_group_ends_all_and_the_job_starts_again(three_slots: Stack) -> None:
    with Client(three_slots.url) as client:
        undisturbed = answer(client, client.submit(lr_find(conditions=ALONE, range_test=LONG))["id"])
        job_id = client.submit(lr_find(conditions=ALONE, range_test=LONG))["id"]
        wait_until(lambda: client.job(job_id)["progress"]["step"] > 300 and len(ranks_of(three_slots)) == 3)
        killed = ranks_of(three_slots)
        os.kill(killed[-1].pid, signal.SIGKILL)
        assert answer(client, job_id) == undisturbed
        first, second = client.job(job_id)["attempts"]
        assert (first["outcome"], first["slots"], second["outcome"]) == ("worker_lost", 3, "succeeded")
        assert not any(process.is_running() for process in killed)


def test_a_worker_told_to_stop_hands_all_replicas_back(own_stack: Callable[..., Stack]) -> None:
    stack = own_stack(slots=3, extra_env=PATIENT)
    with Client(stack.url) as client:
        job_id = client.submit(lr_find(conditions=ALONE, range_test=LONG | {"steps": 3000}))["id"]
        wait_until(lambda: len(ranks_of(stack)) == 3)
        killed = ranks_of(stack)
        os.kill(stack.pids()["worker"], signal.SIGTERM)
        _, series = answer(client, job_id)
        assert [one["outcome"] for one in client.job(job_id)["attempts"]] == ["handed_back", "succeeded"]
        assert all(one["x"] == list(range(3000)) for one in series)
        assert not any(process.is_running() for process in killed)
