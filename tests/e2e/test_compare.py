"""A comparison through the whole stack: trained by a real worker, read from the API and the command line."""

import json
import os
import subprocess
import sys

import pytest

from clr_client.client import Client
from clr_client.errors import ProblemError
from local_stack.stack import Stack

ADDED = ["standard (equal budget)", "constant (equal budget)", "linear (equal budget)", "cosine (equal budget)"]


def clr(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "clr_cli", *arguments]
    environment = {**os.environ, "CLR_URL": stack.url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def test_one_cycle_is_compared_with_the_standard_policy_and_with_its_equals(stack: Stack, client: Client) -> None:
    done = clr(
        stack, "compare", "--preset", "super_convergence", "--steps", "40", "--set", "preset.ratio=4", "--seeds", "0,1",
        "--model", "mlp", "--batch-size", "128", "--watch",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    job = client.jobs(kind="compare")["data"][0]
    assert (job["status"], len(job["children"]), job["result"]["succeeded"]) == ("succeeded", 6 * 2 + 1, 12)
    assert job["progress"]["fraction"] == 1
    assert job["progress"]["total_steps"] >= 2 * (160 + 5 * 40)
    document = client.comparison(job["id"])
    assert [arm["name"] for arm in document["arms"]] == ["1cycle", "standard", *ADDED]
    assert (document["is_final"], document["reference"]) == (True, "standard")
    one, standard, *_ = document["arms"]
    assert one["max_lr"] == document["range_tests"][0]["bounds"]["max_lr"]
    assert [run["total_steps"] for run in (*one["runs"], *standard["runs"])] == [40, 40, 160, 160]
    for arm in document["arms"]:
        for run in arm["runs"]:
            curves = client.curves(run["job_id"], ["val_accuracy"])["series"][0]
            assert curves["x"] == [*range(1, run["total_steps"], 2)]  # evaluated after every second step
            reached = [x + 1 for x, y in zip(curves["x"], curves["y"], strict=True) if y >= run["target"]]
            assert run["steps_to_target"] == next(iter(reached), None)
            assert run["final"]["val_accuracy"] == curves["y"][-1]
            assert run["seconds"] > 0
            assert run["is_reached"] == (run["seconds_to_target"] is not None)
    assert all(run["is_reached"] for run in standard["runs"])
    assert standard["update_ratio"]["median"] == 1
    for name in ("1cycle", *ADDED):
        assert name in done.stdout
    assert client.plot(job["id"], "svg").startswith(b"<?xml")
    shown = clr(stack, "table", job["id"], "--json")
    assert json.loads(shown.stdout) == document


def test_what_cannot_be_compared_is_refused_and_leaves_no_job(stack: Stack, client: Client) -> None:
    before = len(client.jobs(kind="compare")["data"])
    done = clr(stack, "compare", "--arm", "a=constant lr=0.1 steps=20", "--arm", "a=cosine lr=0.1 steps=20")
    assert done.returncode == 2
    assert "/arms/1/name" in done.stderr
    sweep = client.submit(
        {"kind": "lr_find", "conditions": {"model": {"name": "mlp"}, "dataset": {"name": "digits"},
         "optimizer": {"name": "sgd"}, "world_size": 1, "global_batch_size": 64}}
    )  # fmt: skip
    with pytest.raises(ProblemError) as refused:
        client.comparison(sweep["id"])
    assert refused.value.status == 409
    assert len(client.jobs(kind="compare")["data"]) == before
