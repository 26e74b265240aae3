"""Uploaded datasets from the upload to the verdict, resident and streamed, whole and damaged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from clr_client.client import Client
from local_stack.stack import Stack
from tests.archives import picture, zipped
from tests.builders import conditions, lr_find, one_cycle, train

TIMEOUT_S = 90


def run(client: Client, spec: dict[str, Any]) -> Any:
    return client.wait(client.submit(spec)["id"], timeout_s=TIMEOUT_S)


def upload(client: Client, path: Path, content: bytes) -> Any:
    path.write_bytes(content)
    return client.upload_dataset(path)


def regression(path: Path, seed: int = 0) -> Path:
    """600 samples of a smooth function of four features, with targets far from 0."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(600, 4)).astype(np.float32)
    np.savez(path, x=x, y=5000 + 300 * np.sin(x[:, 0]) + 100 * x[:, 1])
    return path


def on(dataset: Any, **changes: Any) -> dict[str, Any]:
    return conditions(dataset=dataset["use"], **{"model": {"name": "mlp", "options": {"hidden": [32]}}} | changes)


def test_a_table_is_uploaded_and_its_range_test_gives_bounds_to_train_with_on_two_ranks(
    client: Client, tmp_path: Path
) -> None:
    dataset = client.upload_dataset(regression(tmp_path / "table.npz"))
    assert (dataset["task"], dataset["targets"]) == ("regression", 1)
    test = {"start_lr": 1e-5, "end_lr": 10, "steps": 80, "replicas": 3}
    found = run(client, lr_find(conditions=on(dataset), range_test=test))
    assert found["status"] == "succeeded", found["error"]
    assert client.bounds(found["id"])["valid_for"]["dataset"]["options"]["sha256"] == dataset["sha256"]
    schedule = one_cycle({"from_job": found["id"]})
    job = run(client, train(conditions=None, schedule=schedule, steps=None, epochs=30))
    assert job["status"] == "succeeded", job["error"]
    assert job["fingerprint"] == found["fingerprint"]
    assert job["latest"]["val_r2"] > 0.8
    assert job["latest"]["val_loss"] < 0.2, "in squared deviations of the targets"
    client.delete_dataset(dataset["id"])


def test_class_folders_of_images_train_on_two_ranks(client: Client, tmp_path: Path) -> None:
    def image(kind: int, number: int) -> bytes:
        return picture(10 + number % 3, 12, seed=number, mode="RGB" if kind else "L")

    names = ["colour", "grey"]
    pictures = [(f"{names[kind]}/{number}.png", image(kind, number)) for kind in (0, 1) for number in range(60)]
    dataset = upload(client, tmp_path / "pictures.zip", zipped(pictures))
    assert dataset["shape"] is None, "the images differ in size"
    dataset["use"]["options"]["image_size"] = 8
    asked = on(dataset, model={"name": "resnet8"}, global_batch_size=16)
    job = run(client, train(conditions=asked, schedule=one_cycle(0.05), steps=40))
    assert job["status"] == "succeeded", job["error"]
    assert job["latest"]["val_accuracy"] > 0.8


def test_a_dataset_that_does_not_fit_is_streamed_and_ends_in_the_same_place_to_the_bit(
    client: Client, own_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    path = regression(tmp_path / "table.npz")
    streaming = own_stack(extra_env={"CLR_RESIDENT_BYTES": "1"})
    results = []
    with Client(streaming.url) as other:
        for one in (client, other):
            dataset = one.upload_dataset(path)
            job = run(one, train(conditions=on(dataset), schedule=one_cycle(0.1), steps=60))
            assert job["status"] == "succeeded", job["error"]
            results.append((job["result"], one.curves(job["id"], ["train_loss"])["series"][0]["y"]))
    assert results[0] == results[1]


def test_a_stored_dataset_that_was_cut_off_is_invalid_data_and_the_next_job_runs(
    stack: Stack, client: Client, tmp_path: Path
) -> None:
    dataset = client.upload_dataset(regression(tmp_path / "table.npz", seed=1))
    stored = stack.data_dir / "artifacts" / "datasets" / dataset["id"]
    content = stored.read_bytes()
    stored.write_bytes(content[: len(content) // 2])
    job = run(client, train(conditions=on(dataset)))
    assert (job["status"], job["reason"], len(job["attempts"])) == ("failed", "invalid_data", 1)
    assert "damaged or cut off" in job["error"]["message"]
    assert "upload it again" in job["error"]["message"]
    stored.write_bytes(content)
    assert run(client, train(conditions=on(dataset)))["status"] == "succeeded"
    (cached,) = (stack.data_dir / "datasets" / "uploaded" / dataset["sha256"]).glob("val-*/x_train.npy")
    for harmed in (cached, cached.parents[1] / "archive"):  # what a worker keeps is made again
        harmed.write_bytes(harmed.read_bytes()[:100])
        assert run(client, train(conditions=on(dataset)))["status"] == "succeeded"


def installed(folder: Path) -> Path:
    """A package with a dataset, laid out as pip leaves it."""
    folder.mkdir()
    example = Path(__file__).parents[2] / "examples" / "clr_spirals"
    (folder / "clr_spirals.py").write_text((example / "clr_spirals.py").read_text())
    metadata = folder / "clr_spirals-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: clr-spirals\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[clr.datasets]\nspirals = clr_spirals:spirals\n")
    return folder


def test_a_dataset_of_ones_own_is_found_in_the_workers_environment(
    own_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    stack = own_stack(extra_env={"PYTHONPATH": str(installed(tmp_path / "site"))})
    with Client(stack.url) as client:
        options = {"name": "spirals", "options": {"arms": 3, "samples": 600, "noise": 0.02}}
        asked = conditions(
            dataset={"name": "entry_point", "options": options},
            model={"name": "mlp", "options": {"hidden": [64, 64]}},
            optimizer={"name": "adam"},
        )
        job = run(client, train(conditions=asked, schedule=one_cycle(0.02), steps=None, epochs=60))
        assert job["status"] == "succeeded", job["error"]
        assert job["latest"]["val_accuracy"] > 0.8
        missing = conditions(dataset={"name": "entry_point", "options": {"name": "circles"}})
        job = run(client, train(conditions=missing))
        assert (job["status"], job["reason"]) == ("failed", "invalid_data")
        assert "installed are: spirals" in job["error"]["message"]
