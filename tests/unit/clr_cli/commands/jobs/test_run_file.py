import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, job

SPEC = """\
# a first look
kind: lr_find
name: no
conditions:
  model: {name: mlp}
  dataset: {name: digits}
  optimizer: {name: sgd, momentum: 0.9, weight_decay: 5e-4}
  global_batch_size: 128
  world_size: 1
range_test: {start_lr: 1e-6, end_lr: 10, replicas: 3}
"""

VALIDATION = {
    "object": "validation", "kind": "train", "fingerprint": "sha256:0", "slots": 2, "rank_batch_size": 64,
    "total_steps": None, "resolved": {"max_lr": 0.4200001}, "waits_for": None, "spec": {},
    "children": [{"kind": "lr_find", "fingerprint": "sha256:0", "slots": 1, "rank_batch_size": None,
                  "total_steps": 300}],
    "warnings": [{"code": "idle", "message": "No worker has so many slots."}],
}  # fmt: skip

runner = CliRunner()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(SPEC)
    return path


def test_run_sends_the_file_with_what_is_set(server: Server, file: Path) -> None:
    server.answers = [Answer(202, job(status="queued"))]
    changes = ["--set", "conditions.optimizer.weight_decay=1e-4", "--set", "name=null", "--set", "seed=3"]
    result = runner.invoke(app, ["run", str(file), *changes])
    assert (result.exit_code, result.stdout) == (0, f"{JOB_ID}\n")
    sent = json.loads(server.requests[0].body)
    assert sent["conditions"]["optimizer"] == {"name": "sgd", "momentum": 0.9, "weight_decay": 1e-4}
    assert (sent["seed"], "name" in sent) == (3, False)


def test_run_reads_standard_input(server: Server) -> None:
    server.answers = [Answer(202, job())]
    assert runner.invoke(app, ["run", "-", "--no-watch"], input=SPEC).exit_code == 0
    assert json.loads(server.requests[0].body)["kind"] == "lr_find"


def test_validating_says_what_would_be_and_submits_nothing(server: Server, file: Path) -> None:
    server.answers = [Answer(200, VALIDATION)]
    result = runner.invoke(app, ["run", str(file), "--validate"])
    assert result.stdout.splitlines() == [
        "A legal spec: train, 2 slots, 64 samples a step and rank",
        "  max_lr  0.42",
        "It would start: lr_find, 1 slot, 300 steps",
        "Warning: No worker has so many slots. (idle)",
        "Conditions: sha256:0",
    ]
    assert [request.path for request in server.requests] == ["/v1/jobs:validate"]
    assert json.loads(runner.invoke(app, ["run", str(file), "--validate", "--json"]).stdout) == VALIDATION


@pytest.mark.parametrize("settings", [["a"], ["a=1", "a.b=2"], ["a..b=1"]])
def test_a_setting_that_makes_no_sense_is_refused_before_anything_is_sent(
    server: Server, file: Path, settings: list[str]
) -> None:
    arguments = [part for setting in settings for part in ("--set", setting)]
    assert runner.invoke(app, ["run", str(file), *arguments]).exit_code == 2
    assert server.requests == []
