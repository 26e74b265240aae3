"""Every schedule through the whole stack, and the command line that shows them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import train
from tests.schedules import SCHEDULES, STEPS, schedule

STEPS_PER_EPOCH = 1437 / 64


def test_every_training_has_the_rates_and_momenta_of_its_preview(client: Client) -> None:
    ids = {name: client.submit(train(schedule=schedule(name), steps=STEPS))["id"] for name in SCHEDULES}
    for name, job_id in ids.items():
        job = client.wait(job_id, timeout_s=90)
        assert job["status"] == "succeeded", (name, job["error"])
        asked = {"schedule": schedule(name), "total_steps": STEPS, "steps_per_epoch": STEPS_PER_EPOCH}
        shown = client.preview(asked)
        curves = {one["metric"]: one["y"] for one in client.curves(job_id, ["lr", "momentum"])["series"]}
        assert curves["lr"] == pytest.approx(shown["lr"], rel=1e-12), name
        assert curves["momentum"] == pytest.approx(shown["momentum"] or [0.9] * STEPS, rel=1e-12), name


def run(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "clr_cli", "schedules", *arguments]
    environment = {**os.environ, "CLR_URL": stack.url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_line_lists_and_draws_them(stack: Stack, tmp_path: Path) -> None:
    listed = run(stack)
    assert listed.returncode == 0, listed.stderr
    assert all(name in listed.stdout for name in SCHEDULES)
    picture = tmp_path / "one.svg"
    drawn = run(stack, "preview", "one_cycle", "max_lr=0.4", "anneal=cos", "--steps", "500", "--out", str(picture))
    assert drawn.returncode == 0, drawn.stderr
    assert "one_cycle" in drawn.stdout
    assert "0.40" in drawn.stdout
    assert picture.read_text().lstrip().startswith("<?xml")
    as_json = run(stack, "preview", "constant", "lr=0.1", "--json")
    assert json.loads(as_json.stdout)["lr"][0] == 0.1


def test_the_command_line_trains_with_any_of_them(stack: Stack, client: Client) -> None:
    command = [
        sys.executable, "-P", "-m", "clr_cli", "train", "--schedule", "cosine", "--max-lr", "0.05", "--steps", "20",
        "--set", "schedule.final_lr=0.01", "--set", "schedule.warmup.steps=5", "--model", "mlp", "--dataset", "digits",
        "--json",
    ]  # fmt: skip
    environment = {**os.environ, "CLR_URL": stack.url}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    job = client.wait(json.loads(done.stdout)["id"], timeout_s=60)
    assert job["status"] == "succeeded", job["error"]
    assert job["spec"]["schedule"]["final_lr"] == 0.01


@pytest.mark.parametrize("arguments", [["preview", "sawtooth"], ["preview", "constant", "lr"], ["preview", "linear"]])
def test_a_bad_preview_is_a_usage_error_in_a_line(stack: Stack, arguments: list[str]) -> None:
    refused = run(stack, *arguments)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert refused.stderr.strip()
