"""Trainings as a user sees them: alarms, targets, new tries, files, sinks, and failures one can act on."""

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import safetensors.torch
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import conditions, one_cycle, train
from tests.e2e.test_faults import TIMEOUT_S, assert_whole, started, wait_until

pytest.importorskip("mlflow")
from mlflow.tracking import MlflowClient

# With weight decay, weights grow by lr * weight_decay a step where the rate is absurd, until they are infinite.
DECAYED = conditions(optimizer={"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4})


def ended(client: Client, spec: dict[str, Any]) -> Any:
    return client.wait(client.submit(spec)["id"], timeout_s=TIMEOUT_S)


def downloaded(fetch: Callable[..., int], *arguments: Any) -> bytes:
    target = io.BytesIO()
    size = fetch(*arguments, target)
    assert size == len(target.getvalue())
    return target.getvalue()


def series(client: Client, job_id: str, metric: str) -> Any:
    (found,) = client.curves(job_id, [metric], max_points=20_000)["series"]
    return found


def test_a_target_stops_a_training_and_its_files_are_handed_out(client: Client) -> None:
    target = {"metric": "val_accuracy", "target": 0.9}
    spec = train(steps=400, early_stop=target, observe={"gradient_norm": True}, schedule=one_cycle(0.2))
    job = ended(client, spec)
    assert job["status"] == "succeeded", job["error"]
    result = job["result"]
    assert result["stopped_early"]
    assert result["steps"] == result["steps_to_target"] < 400
    assert result["final"]["val_accuracy"] >= 0.9
    assert_whole(client, job["id"], result["steps"])
    assert min(series(client, job["id"], "gradient_norm")["y"]) > 0

    rows = list(csv.DictReader(io.StringIO(downloaded_csv(client, job["id"]))))
    losses = [row for row in rows if row["metric"] == "train_loss"]
    assert [int(row["step"]) for row in losses] == list(range(result["steps"]))
    assert [float(row["value"]) for row in losses] == series(client, job["id"], "train_loss")["y"]
    gaps = {int(row["step"]): float(row["value"]) for row in rows if row["metric"] == "generalisation_gap"}
    val = {int(row["step"]): float(row["value"]) for row in rows if row["metric"] == "val_loss"}
    first = min(gaps)
    mean = sum(float(row["value"]) for row in losses[: first + 1]) / (first + 1)
    assert gaps[first] == pytest.approx(val[first] - mean)

    _look_at_files(client, job)


def _look_at_files(client: Client, job: Any) -> None:
    result = job["result"]
    weights = safetensors.torch.load(downloaded(client.download_model, job["id"]))
    assert sum(tensor.numel() for tensor in weights.values()) == 64 * 16 + 16 + 16 * 10 + 10
    card = client.model_card(job["id"])
    assert card["result"] == result
    assert card["fingerprint"] == job["fingerprint"]
    assert card["versions"]["torch"] == torch.__version__

    kept = client.checkpoints(job["id"])["data"]
    assert kept[0]["step"] == result["steps"]
    assert sum(one["best"] for one in kept) == 1
    assert len(kept) <= 3
    state = torch.load(
        io.BytesIO(downloaded(client.download_checkpoint, job["id"], kept[0]["step"])), weights_only=True
    )
    saved = state["learner"]["model"]
    assert all(torch.equal(saved[name], weights[name]) for name in weights)


def downloaded_csv(client: Client, job_id: str) -> str:
    return downloaded(client.download_curves, job_id).decode()


def test_a_target_may_be_recorded_without_a_stop(client: Client) -> None:
    target = {"metric": "val_accuracy", "target": 0.9, "stop": False}
    result = ended(client, train(steps=200, early_stop=target, schedule=one_cycle(0.2)))["result"]
    assert not result["stopped_early"]
    assert 0 < result["steps_to_target"] <= result["steps"] == 200


def test_a_diverged_training_keeps_its_curve_and_says_at_which_rate(client: Client) -> None:
    job = ended(client, train(steps=200, schedule=one_cycle(1e6), conditions=DECAYED))
    assert (job["status"], job["reason"]) == ("failed", "diverged")
    alarm = next(alarm for alarm in job["alarms"] if alarm["code"] == "divergence")
    losses = series(client, job["id"], "train_loss")
    assert losses["nonfinite"][0]["step"] == alarm["step"]
    assert series(client, job["id"], "lr")["y"][alarm["step"]] == alarm["evidence"]["lr"]
    assert "max_lr" in alarm["advice"]
    assert ended(client, train(steps=5))["status"] == "succeeded", "slots are free again"


def test_on_divergence_a_training_starts_again_with_lower_rates(client: Client) -> None:
    asked = {"lower_max_lr_by": 1000, "tries": 2}
    job = ended(client, train(steps=100, schedule=one_cycle(5e4), conditions=DECAYED, on_divergence=asked))
    assert job["status"] == "succeeded", job["error"]
    outcomes = [attempt["outcome"] for attempt in job["attempts"]]
    assert outcomes[0] == "diverged"
    assert outcomes[-1] == "succeeded"
    assert job["resolved"]["max_lr"] == pytest.approx(5e4 / 1000 ** (len(outcomes) - 1))
    assert all(attempt["resumed_from_step"] is None for attempt in job["attempts"])
    assert_whole(client, job["id"], 100)
    assert max(series(client, job["id"], "lr")["y"]) == pytest.approx(job["resolved"]["max_lr"])
    once = {"lower_max_lr_by": 1.5, "tries": 1}
    hopeless = ended(client, train(steps=100, schedule=one_cycle(1e6), conditions=DECAYED, on_divergence=once))
    assert [attempt["outcome"] for attempt in hopeless["attempts"]] == ["diverged", "failed"]
    assert (hopeless["status"], hopeless["reason"]) == ("failed", "diverged")


def test_a_cancelled_training_leaves_a_checkpoint_of_its_last_step(client: Client) -> None:
    job_id = client.submit(train(steps=1_000_000))["id"]
    started(client, job_id, 50)
    client.cancel(job_id)
    job = client.wait(job_id, timeout_s=TIMEOUT_S)
    assert job["status"] == "cancelled"
    assert client.checkpoints(job_id)["data"][0]["step"] == job["progress"]["step"]


def test_a_stopped_worker_hands_back_without_a_step_to_do_again(own_stack: Callable[..., Stack]) -> None:
    stack = own_stack(extra_env={"CLR_CHECKPOINT_INTERVAL_S": "3600"})
    with Client(stack.url) as client:
        job_id = client.submit(train(steps=2500))["id"]
        started(client, job_id, 200)
        os.kill(stack.pids()["worker"], signal.SIGTERM)
        job = client.wait(job_id, timeout_s=TIMEOUT_S)
        first, second = job["attempts"]
        assert (first["outcome"], second["outcome"]) == ("handed_back", "succeeded")
        assert second["resumed_from_step"] == first["last_step"] >= 200
        assert_whole(client, job_id, 2500)


def forkserver_of(stack: Stack) -> psutil.Process:
    (found,) = [
        child
        for child in psutil.Process(stack.pids()["worker"]).children()
        if "forkserver" in " ".join(child.cmdline())
    ]
    return found


def test_a_device_out_of_memory_is_told_as_that(own_stack: Callable[..., Stack]) -> None:
    stack = own_stack()
    with Client(stack.url) as client:
        assert ended(client, train(steps=5))["status"] == "succeeded"
        forkserver = forkserver_of(stack)
        limits = forkserver.rlimit(psutil.RLIMIT_AS)
        forkserver.rlimit(psutil.RLIMIT_AS, (forkserver.memory_info().vms + 2**30, limits[1]))
        big = conditions(model={"name": "mlp", "options": {"hidden": [30_000, 30_000]}})  # 3.6 GB of weights
        job = ended(client, train(steps=5, conditions=big))
        forkserver.rlimit(psutil.RLIMIT_AS, limits)
        assert (job["status"], job["reason"]) == ("failed", "out_of_memory"), job["error"]
        assert "global_batch_size" in job["error"]["message"]
        assert ended(client, train(steps=5))["status"] == "succeeded", "slots are free again"


@pytest.mark.parametrize("folder", ["runs", "artifacts"])
def test_a_job_waits_for_room_on_a_disk_that_is_full_at_a_checkpoint(
    folder: str, own_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    """The ranks write under runs/, the supervisor under artifacts/: each is a small disk of its own in turn."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        stack = own_stack(extra_env={"CLR_CHECKPOINT_INTERVAL_S": "0.5", "CLR_MAX_ATTEMPTS": "1"})
        place = stack.data_dir / folder
        place.symlink_to(disk)
        with Client(stack.url) as client:
            big = conditions(model={"name": "mlp", "options": {"hidden": [2000, 500]}})  # 4.5 MB of weights
            job_id = client.submit(train(steps=300, conditions=big))["id"]
            wait_until(lambda: len(events_of(stack, "requeued")) == 2)
            assert {told["outcome"] for told in events_of(stack, "requeued")} == {"disk_full"}
            assert "Free space" in events_of(stack, "requeued")[0]["cause"]
            assert events_of(stack, "requeued")[1]["pause_s"] > events_of(stack, "requeued")[0]["pause_s"]
            place.unlink()
            assert client.wait(job_id)["status"] == "succeeded"
            assert_whole(client, job_id, 300)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def events_of(stack: Stack, kind: str) -> list[Any]:
    with closing(sqlite3.connect(stack.data_dir / "clr.sqlite3")) as database:
        return [json.loads(data) for (data,) in database.execute("SELECT data FROM events WHERE type = ?", (kind,))]


def runs_of(tracking: MlflowClient) -> Any:
    experiment = tracking.get_experiment_by_name("clr-service")
    return [] if experiment is None else tracking.search_runs([experiment.experiment_id])


@pytest.mark.filterwarnings("ignore")  # MLflow's own tables warn under the newest SQLAlchemy
def test_sinks_get_every_point_and_one_that_fails_fails_no_job(own_stack: Callable[..., Stack], tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'mlflow.sqlite3'}"
    tracking = MlflowClient(tracking_uri=store)
    tracking.search_experiments()  # makes its tables, which two processes must not do at the same time
    stack = own_stack(extra_env={"CLR_SINKS": f"tensorboard:{tmp_path / 'tb'},mlflow:{store}"})
    with Client(stack.url) as client:
        job = ended(client, train(steps=60))
        curve = series(client, job["id"], "train_loss")
        (run,) = wait_until(lambda: [run for run in runs_of(tracking) if run.info.status == "FINISHED"])
        (tmp_path / "tb" / "blocked").touch()
    events = EventAccumulator(str(tmp_path / "tb" / job["id"]), size_guidance={"scalars": 0}).Reload()
    scalars = events.Scalars("train_loss")
    assert [scalar.step for scalar in scalars] == curve["x"]
    assert [scalar.value for scalar in scalars] == pytest.approx(curve["y"])
    history = tracking.get_metric_history(run.info.run_id, "train_loss")
    assert sorted((metric.step, metric.value) for metric in history) == list(zip(curve["x"], curve["y"], strict=True))
    assert run.data.params["resolved.max_lr"] == "0.1"
    assert run.data.tags["clr.job_id"] == job["id"]

    blocked = own_stack(extra_env={"CLR_SINKS": f"tensorboard:{tmp_path / 'tb' / 'blocked'}"})  # a file, no folder
    with Client(blocked.url) as client:
        job = ended(client, train(steps=20))
        assert job["status"] == "succeeded"
        assert_whole(client, job["id"], 20)
        told = wait_until(lambda: events_of(blocked, "sink_failed"))
        assert [event["sink"] for event in told] == ["tensorboard"]
