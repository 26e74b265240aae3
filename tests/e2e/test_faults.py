"""Faults that are really made: processes killed, messages doubled, the broker gone and empty again."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest

from clr_client.client import Client
from jobs.scheduling.broker import WorkerNotifier
from local_stack.stack import Stack
from local_stack.valkey import Valkey
from tests.builders import conditions, one_cycle, train

TIMEOUT_S = 60
LONG = 1500


def wait_until(holds: Callable[[], Any], timeout_s: float = 30) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := holds()):
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.02)
    return found


def kill_tree(pid: int) -> list[int]:
    """SIGKILL a process and all that it started, at once."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return [process.pid for process in tree]


def ranks_of(stack: Stack) -> list[psutil.Process]:
    """The rank processes: the leaves of the worker's tree that belong to an agent."""
    return ranks_under(stack.pids()["worker"])


def ranks_under(worker: int) -> list[psutil.Process]:
    """The rank processes of any worker."""
    tree = psutil.Process(worker).children(recursive=True)
    return [process for process in tree if len(process.parents()) >= 4 and not process.children()]


@pytest.fixture
def broker_url(tmp_path: Path) -> Iterator[str]:
    """A Valkey of the test's own; that of a stack has a password that only its parts know."""
    valkey = Valkey(os.environ, tmp_path)
    valkey.child.start()
    wait_until(valkey.answers)
    yield valkey.url
    valkey.child.stop(3.0, Event())


def assert_whole(client: Client, job_id: str, total: int) -> None:
    """Every step stands in every curve once."""
    for name in ("train_loss", "lr", "momentum"):
        (series,) = client.curves(job_id, [name], max_points=20_000)["series"]
        assert series["x"] == list(range(total)), name


def started(client: Client, job_id: str, step: int, timeout_s: float = 30) -> Any:
    return wait_until(lambda: (job := client.job(job_id))["progress"]["step"] >= step and job, timeout_s)


def test_a_killed_worker_is_survived_without_a_missing_or_doubled_step(own_stack: Callable[..., Stack]) -> None:
    stack = own_stack()
    with Client(stack.url) as client:
        straight = client.wait(client.submit(train(steps=LONG))["id"], timeout_s=TIMEOUT_S)
        job_id = client.submit(train(steps=LONG))["id"]
        started(client, job_id, LONG // 4)
        killed = kill_tree(stack.pids()["worker"])
        job = client.wait(job_id, timeout_s=TIMEOUT_S)
        assert job["status"] == "succeeded", job["error"]
        first, second = job["attempts"]
        assert (first["outcome"], second["outcome"]) == ("worker_lost", "succeeded")
        assert second["resumed_from_step"] > 0
        assert_whole(client, job_id, LONG)
        assert not any(psutil.pid_exists(pid) for pid in killed)
        # Resumed equals never stopped: the same seed ends in the same place, to the last bit.
        assert job["result"] == straight["result"]


def test_a_killed_rank_is_survived_too(stack: Stack, client: Client) -> None:
    job_id = client.submit(train(steps=LONG))["id"]
    started(client, job_id, LONG // 4)
    os.kill(ranks_of(stack)[-1].pid, signal.SIGKILL)
    job = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert job["status"] == "succeeded", job["error"]
    assert [attempt["outcome"] for attempt in job["attempts"]] == ["worker_lost", "succeeded"]
    assert_whole(client, job_id, LONG)


def test_a_message_delivered_three_times_runs_the_job_once(own_stack: Callable[..., Stack], broker_url: str) -> None:
    notifier = WorkerNotifier(broker_url)
    with Client(own_stack(extra_env={"CLR_BROKER_URL": broker_url}).url) as client:
        job_id = client.submit(train(steps=300))["id"]
        for _ in range(3):
            notifier.notify(job_id)
        job = client.wait(job_id, timeout_s=TIMEOUT_S)
        for _ in range(3):
            notifier.notify(job_id)
        time.sleep(1)
        notifier.close()
        assert len(client.job(job_id)["attempts"]) == 1
        assert job["status"] == "succeeded"
        assert_whole(client, job_id, 300)


def test_jobs_posted_while_the_broker_is_down_run_once_it_is_back_and_empty(own_stack: Callable[..., Stack]) -> None:
    stack = own_stack()
    with Client(stack.url) as client:
        waiting = [client.submit(train(steps=1500))["id"] for _ in range(2)]
        os.kill(stack.pids()["valkey"], signal.SIGKILL)  # it keeps nothing on disk: all messages are lost
        posted = [client.submit(train(steps=20, seed=seed))["id"] for seed in range(3)]
        for job_id in (*waiting, *posted):
            job = client.wait(job_id, timeout_s=TIMEOUT_S)
            assert (job["status"], len(job["attempts"])) == ("succeeded", 1)


def test_ranks_do_not_survive_their_worker(own_stack: Callable[..., Stack]) -> None:
    stack = own_stack()
    with Client(stack.url) as client:
        started(client, client.submit(train(steps=1_000_000))["id"], 10)
        worker = psutil.Process(stack.pids()["worker"])
        children = worker.children(recursive=True)
        worker.kill()  # the worker alone: its forkserver, agent and ranks must notice
        wait_until(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), 10)


def test_stopping_the_stack_hands_running_jobs_back(own_stack: Callable[..., Stack]) -> None:
    stack = own_stack()
    with Client(stack.url) as client:
        job_id = client.submit(train(steps=LONG, conditions=conditions(), schedule=one_cycle(0.05)))["id"]
        started(client, job_id, LONG // 4)
        os.kill(stack.pids()["worker"], signal.SIGTERM)
        job = client.wait(job_id, timeout_s=TIMEOUT_S)
        assert [attempt["outcome"] for attempt in job["attempts"]] == ["handed_back", "succeeded"]
        assert_whole(client, job_id, LONG)
