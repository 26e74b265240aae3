"""The main job through the whole stack: range test, bounds, a training that really peaks there."""

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import conditions, lr_find, one_cycle, train

MLP = conditions(
    model={"name": "mlp", "options": {"hidden": [128]}},
    optimizer={"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4},
    global_batch_size=128,
)
RANGE_TEST = {"start_lr": 1e-6, "end_lr": 10, "steps": 100, "replicas": 3}
TIMEOUT_S = 90


def run(client: Client, spec: dict[str, Any]) -> Any:
    return client.wait(client.submit(spec)["id"], timeout_s=TIMEOUT_S)


def series(client: Client, job_id: str, metric: str, x: str = "step") -> Any:
    (one,) = client.curves(job_id, [metric], x=x, max_points=20_000)["series"]
    return one


@pytest.fixture(scope="module")
def range_test(stack: Stack) -> Any:
    with Client(stack.url) as client:
        job = run(client, lr_find(conditions=MLP, range_test=RANGE_TEST))
    assert job["status"] == "succeeded", job["error"]
    return job


def test_a_range_test_answers_with_bounds_bound_to_their_conditions(client: Client, range_test: Any) -> None:
    document = client.bounds(range_test["id"])
    base_lr, max_lr = document["bounds"]["base_lr"], document["bounds"]["max_lr"]
    assert 1e-6 <= base_lr < max_lr <= 10
    assert document["confidence"]["replicas"] == 3
    assert document["valid_for"]["fingerprint"] == range_test["fingerprint"]
    assert document["valid_for"]["world_size"] == 2
    assert document["use"]["schedule"]["max_lr"] == {"from_job": range_test["id"]}


def test_each_replica_has_a_curve_over_the_rates_that_were_asked_for(client: Client, range_test: Any) -> None:
    curves = client.curves(range_test["id"], ["train_loss"], x="lr")["series"]
    assert [one["replica"] for one in curves] == [0, 1, 2]
    for one in curves:
        assert one["x"][0] == 1e-6
        assert one["x"] == sorted(set(one["x"]))
    first_losses = {one["y"][0] for one in curves}
    assert len(first_losses) == 3, "replicas see other batches"
    assert np.ptp(list(first_losses)) < 0.5, "replicas start from the same weights"


def test_a_training_peaks_at_the_suggested_rate_and_momentum_mirrors_it(client: Client, range_test: Any) -> None:
    job = run(client, train(conditions=None, schedule=one_cycle({"from_job": range_test["id"]}), steps=None, epochs=12))
    assert job["status"] == "succeeded", job["error"]
    max_lr = client.bounds(range_test["id"])["bounds"]["max_lr"]
    lr, momentum = series(client, job["id"], "lr"), series(client, job["id"], "momentum")
    total = job["resolved"]["total_steps"]
    assert lr["x"] == momentum["x"] == list(range(total))
    assert total == 135  # 12 epochs of 1,437 images in batches of 128, rounded up
    assert max(lr["y"]) == max_lr
    assert lr["y"].count(max_lr) == 1
    peak = lr["y"].index(max_lr)
    assert momentum["y"][peak] == min(momentum["y"]) == 0.85
    assert momentum["y"][0] == momentum["y"][-1] == 0.95
    rising = np.diff(lr["y"][: peak + 1])
    assert (rising > 0).all()
    assert (np.diff(momentum["y"][: peak + 1]) < 0).all()
    assert job["latest"]["val_accuracy"] > 0.95
    assert series(client, job["id"], "val_accuracy")["last"]["value"] == job["latest"]["val_accuracy"]
    assert job["progress"]["fraction"] == 1.0


def test_auto_runs_the_range_test_first_under_the_same_conditions(client: Client) -> None:
    test = {"steps": 60, "replicas": 1, "start_lr": 1e-5}
    job = run(client, train(conditions=MLP, schedule=one_cycle("auto"), range_test=test))
    assert job["status"] == "succeeded", job["error"]
    (child,) = job["children"]
    found = client.job(child)
    assert (found["parent"], found["fingerprint"]) == (job["id"], job["fingerprint"])
    assert job["resolved"]["max_lr"] == client.bounds(child)["bounds"]["max_lr"]


@pytest.mark.parametrize("name", ["resnet8", "resnet18"])
def test_a_network_with_batch_norm_trains_with_adamw(client: Client, name: str) -> None:
    asked = conditions(model={"name": name}, optimizer={"name": "adamw", "weight_decay": 0.01}, global_batch_size=16)
    job = run(client, train(conditions=asked, schedule=one_cycle(0.003), steps=6))
    assert job["status"] == "succeeded", job["error"]
    assert min(series(client, job["id"], "momentum")["y"]) == pytest.approx(0.85)


def test_a_triangular_training_keeps_its_bounds(client: Client) -> None:
    schedule = {"name": "triangular", "base_lr": 0.01, "max_lr": 0.1, "step_size": 5}
    job = run(client, train(schedule=schedule, steps=25))
    lr = series(client, job["id"], "lr")["y"]
    assert (lr[0], lr[5], lr[10], lr[15], lr[20]) == (0.01, 0.1, 0.01, 0.1, 0.01)


def test_a_rate_far_too_high_fails_as_diverged_and_keeps_its_curve(client: Client) -> None:
    exploding = conditions(optimizer={"name": "sgd", "momentum": 0.9, "weight_decay": 1000.0})
    job = run(client, train(conditions=exploding, schedule=one_cycle(1e6), steps=300))
    assert (job["status"], job["reason"]) == ("failed", "diverged")
    assert "take a lower max_lr" in job["error"]["message"]
    assert series(client, job["id"], "train_loss")["nonfinite"]


def npz(**options: Any) -> dict[str, Any]:
    return conditions(dataset={"name": "npz", "options": options})


def test_an_npz_file_in_the_data_folder_trains(stack: Stack, client: Client) -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 300)
    images = (generator.normal(size=(300, 6, 6, 3)) + labels[:, None, None, None]).astype(np.float32)
    folder = stack.data_dir / "datasets" / "mine"
    folder.mkdir(parents=True)
    np.savez(folder / "three.npz", x=images, y=labels)
    asked = npz(path="mine/three.npz") | {"model": {"name": "resnet8"}}
    job = run(client, train(conditions=asked, schedule=one_cycle(0.05), steps=30))
    assert job["status"] == "succeeded", job["error"]
    assert job["latest"]["val_accuracy"] > 0.5


def broken_files(folder: Path) -> dict[str, str]:
    """File name to what the message must say."""
    folder.mkdir(parents=True, exist_ok=True)
    ones, labels = np.ones((64, 4), np.float32), np.zeros(64, np.int64)
    np.savez(folder / "whole.npz", x=ones, y=labels)
    (folder / "cut.npz").write_bytes((folder / "whole.npz").read_bytes()[:200])
    (folder / "empty.npz").write_bytes(b"")
    np.savez(folder / "pickled.npz", x=np.array([{"a": 1}], dtype=object), y=labels)
    np.savez(folder / "names.npz", images=ones, labels=labels)
    np.savez(folder / "lengths.npz", x=ones, y=labels[:10])
    np.savez(folder / "words.npz", x=ones, y=labels.astype(str))
    np.savez(folder / "nan.npz", x=ones * np.nan, y=labels)
    np.savez(folder / "few.npz", x=ones[:20], y=labels[:20])
    return {
        "missing.npz": "expected at", "cut.npz": "not usable", "empty.npz": "not usable", "pickled.npz": "not usable",
        "names.npz": "x_train", "lengths.npz": "y has 10", "words.npz": "integers", "nan.npz": "finite",
        "few.npz": "must be at most that",
    }  # fmt: skip


def test_a_missing_or_broken_file_fails_with_a_message_to_act_on(stack: Stack, client: Client) -> None:
    messages = broken_files(stack.data_dir / "datasets")
    ids = {name: client.submit(train(conditions=npz(path=name)))["id"] for name in messages}
    for name, job_id in ids.items():
        job = client.wait(job_id, timeout_s=TIMEOUT_S)
        assert (job["status"], job["reason"]) == ("failed", "invalid_data"), name
        assert messages[name] in job["error"]["message"]


def test_a_torchvision_dataset_that_is_not_there_says_where_it_is_expected(stack: Stack, client: Client) -> None:
    job = run(client, train(conditions=conditions(dataset={"name": "cifar10"})))
    assert (job["status"], job["reason"]) == ("failed", "invalid_data")
    assert str(stack.data_dir / "datasets") in job["error"]["message"]
    assert "CLR_ALLOW_DOWNLOADS" in job["error"]["message"]


def test_a_model_that_cannot_take_the_images_says_so(client: Client) -> None:
    job = run(client, train(conditions=conditions(model={"name": "alexnet"})))
    assert (job["status"], job["reason"]) == ("failed", "invalid_data")
    assert "alexnet cannot take samples of 1 x 8 x 8" in job["error"]["message"]


def test_a_running_job_is_cancelled_within_seconds_and_frees_its_slots(client: Client) -> None:
    job_id = client.submit(train(steps=1_000_000))["id"]
    while client.job(job_id)["progress"]["step"] == 0:
        time.sleep(0.05)
    begun = time.monotonic()
    client.cancel(job_id)
    job = client.wait(job_id, timeout_s=20)
    assert (job["status"], job["reason"]) == ("cancelled", "user_cancelled")
    assert time.monotonic() - begun < 15
    assert run(client, train(steps=5))["status"] == "succeeded"


def test_a_job_for_more_slots_than_any_worker_has_waits_and_says_why(client: Client) -> None:
    job_id = client.submit(train(conditions=conditions(world_size=4)))["id"]
    while client.job(job_id)["reason"] is None:
        time.sleep(0.05)
    job = client.job(job_id)
    assert (job["status"], job["reason"]) == ("queued", "no_matching_worker")
    client.cancel(job_id)


def test_run_directories_keep_logs_only(stack: Stack, client: Client) -> None:
    job = run(client, train(steps=5))
    left = [path.name for path in (stack.data_dir / "runs" / job["id"]).rglob("*") if path.is_file()]
    assert not [name for name in left if name.endswith((".pt", ".jsonl"))]
    shutil.rmtree(stack.data_dir / "runs" / job["id"])
