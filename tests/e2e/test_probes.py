"""Range tests refined by probes: the ladder that really ran, its bounds, the same on any slots and after a kill."""

import os
import signal
from typing import Any

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import lr_find, train
from tests.e2e.test_faults import wait_until
from tests.e2e.test_replicas import ALONE, TIMEOUT_S, answer, ranks_of

SWEEP = {"start_lr": 1e-5, "end_lr": 100, "steps": 60, "replicas": 2}
PROBED = {"range_test": SWEEP, "refine": "probe", "probe": {"rates": 4, "steps": 240}}
SILENT = {"start_lr": 1e-4, "end_lr": 3e-3, "steps": 10, "replicas": 1}


def rungs_of(document: Any) -> list[list[tuple[float, int]]]:
    """Rates and steps of the runs of each rung."""
    runs = document["probe"]["runs"]
    last = max(run["rung"] for run in runs)
    return [[(run["lr"], run["steps"]) for run in runs if run["rung"] == rung] for rung in range(last + 1)]


def test_the_ladder_below_the_edge_is_climbed_by_halving_and_its_winner_is_the_bound(client: Client) -> None:
    job = client.wait(client.submit(lr_find(**PROBED))["id"], timeout_s=TIMEOUT_S)
    assert job["status"] == "succeeded", job["error"]
    assert job["progress"]["total_steps"] == 2 * 60 + 240
    document = client.bounds(job["id"])
    probe = document["probe"]
    ladder, runs = probe["ladder"], probe["runs"]
    assert ladder[-1] == document["evidence"]["diverged_at"]
    assert [[steps for _, steps in rung] for rung in rungs_of(document)] == [[15] * 4, [30] * 6]
    assert {lr for lr, _ in rungs_of(document)[0]} == set(ladder)
    finalists = {lr for lr, _ in rungs_of(document)[1]}
    assert document["method"] == "probe"
    assert document["bounds"]["max_lr"] in finalists
    first = sorted((run["val_loss"], run["lr"]) for run in runs if run["rung"] == 0 and run["val_loss"] is not None)
    assert finalists == {lr for _, lr in first[:2]}
    assert probe["steps_taken"] == sum(run["steps_taken"] for run in runs) <= probe["budget"]
    interval = document["confidence"]["max_lr"]
    assert interval["low"] < document["bounds"]["max_lr"] < interval["high"]
    plain = probe["range_test"]
    assert document["alternatives"][0] == {"method": plain["method"], "lr": plain["bounds"]["max_lr"]}
    (rates,) = client.curves(job["id"], ["probe_lr"])["series"][:1]
    assert max(rates["y"]) == ladder[0]
    training = train(schedule={"name": "one_cycle", "max_lr": {"from_job": job["id"]}}, conditions=None)
    trained = client.wait(client.submit(training)["id"], timeout_s=TIMEOUT_S)
    assert trained["resolved"]["max_lr"] == document["bounds"]["max_lr"]


def test_probes_find_bounds_where_the_curve_is_silent(client: Client) -> None:
    job_id = client.submit(lr_find(range_test=SILENT))["id"]
    client.wait(job_id, timeout_s=TIMEOUT_S)
    assert client.bounds(job_id)["bounds"] is None
    probed = client.submit(lr_find(range_test=SILENT, refine="probe", probe={"rates": 2, "steps": 600}))["id"]
    assert client.wait(probed, timeout_s=TIMEOUT_S)["status"] == "succeeded"
    document = client.bounds(probed)
    assert document["probe"]["range_test"]["bounds"] is None
    assert document["bounds"]["max_lr"] in document["probe"]["ladder"]
    assert document["confidence"]["grade"] == "low"
    assert {warning["code"] for warning in document["warnings"]} == {"probe_at_highest"}


def test_probes_that_learn_nothing_leave_no_bounds(client: Client) -> None:
    sweep = {"start_lr": 1e5, "end_lr": 1e6, "steps": 20, "replicas": 1}
    job_id = client.submit(lr_find(range_test=sweep, refine="probe", probe={"rates": 2, "steps": 60}))["id"]
    job = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert job["status"] == "succeeded", job["error"]
    document = client.bounds(job_id)
    assert (document["bounds"], document["use"], document["method"]) == (None, None, "none")
    assert [warning["code"] for warning in document["warnings"]] == ["probes_failed"]
    assert len(document["probe"]["runs"]) == 6


def test_probes_give_the_same_on_one_slot_on_three_and_after_a_killed_rank(one_slot: Stack, three_slots: Stack) -> None:
    spec = lr_find(conditions=ALONE, **PROBED)
    answers = []
    for stack in (one_slot, three_slots):
        with Client(stack.url) as client:
            answers.append(answer(client, client.submit(spec)["id"], "probe_train_loss", "probe_val_loss"))
            job_id = client.submit(spec)["id"]
            wait_until(lambda: client.job(job_id)["progress"]["step"] > 130 and ranks_of(stack))  # noqa: B023 - now
            os.kill(ranks_of(stack)[-1].pid, signal.SIGKILL)
            answers.append(answer(client, job_id, "probe_train_loss", "probe_val_loss"))
    assert all(one == answers[0] for one in answers)
