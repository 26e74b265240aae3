"""Cancel and resume, kill, deadlines and draining against a real stack."""

import time
from typing import Any

import psutil

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import train
from tests.e2e.test_faults import LONG, TIMEOUT_S, assert_whole, started, wait_until


def outcomes(job: Any) -> list[str]:
    return [attempt["outcome"] for attempt in job["attempts"]]


def test_a_cancelled_training_that_is_resumed_ends_as_one_that_never_stopped(stack: Stack, client: Client) -> None:
    straight = client.wait(client.submit(train(steps=LONG))["id"], timeout_s=TIMEOUT_S)
    job_id = client.submit(train(steps=LONG))["id"]
    started(client, job_id, 10)  # early: on a busy machine it may end before the cancel is heard
    client.cancel(job_id)
    cancelled = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "user_cancelled")
    assert client.resume(job_id)["status"] in {"queued", "running"}
    job = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert (job["status"], job["reason"], outcomes(job)) == ("succeeded", None, ["cancelled", "succeeded"])
    # It went on where it was told to stop: nothing was done again.
    assert job["attempts"][1]["resumed_from_step"] == job["attempts"][0]["last_step"] > 0
    assert_whole(client, job_id, LONG)
    assert job["result"] == straight["result"]
    clone = client.wait(client.clone(job_id, {"name": "again"})["id"], timeout_s=TIMEOUT_S)
    assert clone["result"] == straight["result"]
    client.delete(job_id)
    assert job_id not in {row["id"] for row in client.jobs()["data"]}
    wait_until(lambda: not any(stack.data_dir.glob(f"*/{job_id}")))


def test_a_killed_training_saves_nothing_and_is_resumed_from_the_checkpoint_before(client: Client) -> None:
    job_id = client.submit(train(steps=LONG))["id"]
    wait_until(lambda: client.checkpoints(job_id)["data"])
    client.cancel(job_id, "kill")
    killed = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert killed["status"] == "cancelled"
    saved = client.checkpoints(job_id)["data"][0]["step"]
    client.resume(job_id)
    job = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert job["attempts"][1]["resumed_from_step"] == saved
    assert_whole(client, job_id, LONG)


def test_a_training_that_runs_too_long_keeps_its_curve_and_can_be_resumed(client: Client) -> None:
    job_id = client.submit(train(steps=1_000_000, max_runtime_s=0.5))["id"]
    job = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert (job["status"], job["reason"], outcomes(job)) == ("failed", "deadline_exceeded", ["deadline_exceeded"])
    assert_whole(client, job_id, job["progress"]["step"])
    step = job["progress"]["step"]
    client.resume(job_id)
    again = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert again["reason"] == "deadline_exceeded"
    assert again["attempts"][1]["resumed_from_step"] == step < again["progress"]["step"]


def test_a_draining_worker_finishes_what_it_has_and_takes_no_more(stack: Stack, client: Client) -> None:
    running = client.submit(train(steps=LONG))["id"]
    started(client, running, 1)
    (worker,) = client.workers()["data"]
    assert worker["pid"] == stack.pids()["worker"]
    assert (worker["state"], worker["free_slots"], worker["quarantined_slots"]) == ("busy", 0, [])
    assert [job["job_id"] for job in worker["jobs"]] == [running]
    assert worker["versions"]["torch"]
    assert client.drain(worker["name"])["state"] == "draining"
    try:
        time.sleep(1)  # it hears of it with its next beat
        waiting = client.submit(train(steps=5))["id"]
        assert client.wait(running, timeout_s=TIMEOUT_S)["status"] == "succeeded"
        wait_until(lambda: client.workers()["data"][0]["state"] == "drained")
        wait_until(lambda: client.job(waiting)["reason"] == "no_matching_worker")
        assert psutil.pid_exists(worker["pid"])
    finally:
        client.drain(worker["name"], draining=False)
    assert client.wait(waiting, timeout_s=TIMEOUT_S)["status"] == "succeeded"
