"""The noise scale on real ranks, against the closed form of a noisy quadratic.

Inputs are all equal, so a model without hidden layers is its bias b, and the loss of sample i is the mean over T
targets of (b - t_i)². Its gradient by b is 2 (b - t_i) / T. Targets have mean 0 and variance 1, so
|G|² = 4 |b|² / T² and tr(C) = 4 / T.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.distributed.test_ddp import trained

TARGETS, FEATURES, RANK_BATCH = 48, 8, 8
STEPS = 1000
AT_REST = {"schedule": {"name": "constant", "lr": 1e-12}, "steps": STEPS}
QUADRATIC: dict[str, Any] = {
    "model": {"name": "mlp", "options": {"hidden": []}},
    "dataset": {"name": "npz", "options": {"path": "quadratic.npz"}},
    "optimizer": {"name": "sgd", "momentum": 0.0},
}


def quadratic(folder: Path, world_size: int, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Train on so many ranks; the first one's view, with the series and the result of the report."""
    (folder / "datasets").mkdir()
    targets = np.random.default_rng(0).normal(3.0, 2.0, (4096, TARGETS)).astype(np.float32)
    inputs = np.zeros((4096, FEATURES), np.float32)
    arrays = {"x_train": inputs, "y_train": targets, "x_val": inputs[:64], "y_val": targets[:64]}
    np.savez(folder / "datasets" / "quadratic.npz", allow_pickle=False, **arrays)
    seen = trained(folder, world_size, AT_REST | options, peak=1e-12, **(QUADRATIC | changes))[0]
    seen["series"] = {}
    for line in map(json.loads, (folder / "report.jsonl").read_text().splitlines()):
        if line["type"] == "points":
            for metric, values in line["values"].items():
                seen["series"].setdefault(metric, {}).update(zip(line["steps"], values, strict=True))
        elif line["type"] == "result":
            seen["result"] = line["result"]
    return seen


def closed_form(weights: list[float]) -> tuple[float, float]:
    """|G|² and tr(C)."""
    bias = np.array(weights[-TARGETS:])
    return 4 * float(bias @ bias) / TARGETS**2, 4 / TARGETS


@pytest.mark.parametrize("world_size", [2, 4])
def test_ranks_tell_the_closed_form_within_a_tenth(world_size: int, tmp_path: Path) -> None:
    options = {"observe": {"noise_scale": {"every": 1, "decay": 0.9995}}}
    seen = quadratic(tmp_path, world_size, options, global_batch_size=RANK_BATCH * world_size)
    signal, noise = closed_form(seen["weights"])
    found = seen["result"]["diagnosis"]["batch_size"]
    assert found["measurements"] == STEPS
    assert found["gradient_noise"] == pytest.approx(noise, rel=0.02)
    assert found["gradient_signal"] == pytest.approx(signal, rel=0.1)
    assert found["critical_batch_size"] == pytest.approx(noise / signal, rel=0.1)
    assert found["low"] < noise / signal < found["high"]
    phi = noise / signal / (RANK_BATCH * world_size)
    assert found["next_world_size"]["world_size"] == 2 * world_size
    assert found["next_world_size"]["adascale_gain"] == pytest.approx((phi + 1) / (phi / 2 + 1), rel=0.1)
    assert sorted(seen["series"]["noise_scale"]) == list(range(STEPS))
    assert seen["series"]["noise_scale"][STEPS - 1] == found["critical_batch_size"]


@pytest.mark.parametrize("world_size", [1, 2])
def test_pieces_of_an_accumulated_batch_tell_it_too(world_size: int, tmp_path: Path) -> None:
    options = {"observe": {"noise_scale": {"every": 1, "decay": 0.9995}}}
    sizes = {"global_batch_size": 32 * world_size, "accumulation_steps": 4}
    seen = quadratic(tmp_path, world_size, options, **sizes)
    signal, noise = closed_form(seen["weights"])
    found = seen["result"]["diagnosis"]["batch_size"]
    assert found["gradient_noise"] == pytest.approx(noise, rel=0.05)
    assert found["critical_batch_size"] == pytest.approx(noise / signal, rel=0.1)


@pytest.mark.parametrize("changes", [{}, {"accumulation_steps": 2}], ids=["static graph", "accumulated"])
def test_a_measured_training_is_the_same_to_the_last_bit(
    changes: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked: dict[str, Any] = {"model": {"name": "cnn"}, "global_batch_size": 48} | changes
    observed = {"observe": {"noise_scale": {"every": 3}, "gradient_norm": True}}
    plain, measured = (trained(tmp_path_factory.mktemp("n"), 3, options, **asked)[0] for options in ({}, observed))
    assert measured["losses"] == plain["losses"]
    assert measured["digest"] == plain["digest"]
