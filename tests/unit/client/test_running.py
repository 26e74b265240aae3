import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from clr_cli.input.spec_files import merged, spec_from_file
from clr_client.errors import UsageError
from jobs.spec.job import job_spec
from tests.unit.client.conftest import Answer, Server
from tests.unit.client.documents import JOB_ID, job

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


@pytest.fixture(autouse=True)
def _address(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLR_URL", server.url)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(SPEC)
    return path


def test_a_rate_written_as_people_write_it_is_a_number_and_no_is_text(file: Path) -> None:
    spec = spec_from_file(file)
    assert spec["range_test"] == {"start_lr": 1e-6, "end_lr": 10, "replicas": 3}
    assert spec["conditions"]["optimizer"]["weight_decay"] == 5e-4
    assert spec["name"] == "no"
    job_spec.validate_python(spec)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("1E5", 1e5), ("-.5", -0.5), ("3.", 3.0), ("7", 7), ("-0", 0), ("010", "010"), ("0x10", "0x10"),
     ("1_000", "1_000"), ("true", True), ("yes", "yes"), ("~", None), ("", None), ("2026-01-01", "2026-01-01"),
     (".nan", ".nan"), (".inf", ".inf"), ("auto", "auto"), ("1:30", "1:30"), ("e5", "e5"), ("'1e-4'", "1e-4")],
)  # fmt: skip
def test_scalars_are_read_as_yaml_1_2_has_them(tmp_path: Path, text: str, value: object) -> None:
    path = tmp_path / "a.yml"
    path.write_text(f"key: {text}\n")
    found = spec_from_file(path)["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind: lr_find\nkind: train\n", "'kind' is given twice .line 2, column 1"),
        ("a: {b: 1, b: 2}\n", "'b' is given twice"),
        ("1: a\n", "is no text"),
        ("a: [1\n", "line 2"),
        ("- a\n", "holds no mapping"),
        ("", "holds no mapping"),
        ("a: !!python/object/apply:os.getcwd []\n", "holds no YAML"),
    ],
)
def test_what_is_no_spec_is_refused_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=complaint):
        spec_from_file(path)


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


def test_a_merge_patch_does_what_its_rfc_says() -> None:
    # RFC 7396, section 3
    assert merged({"title": "Goodbye!", "author": {"a": 1, "b": 2}}, {"title": "Hi", "author": {"b": None}}) == {
        "title": "Hi",
        "author": {"a": 1},
    }
    assert merged({"a": [1]}, {"a": {"b": 1, "c": None}}) == {"a": {"b": 1}}
