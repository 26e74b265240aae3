"""DistributedDataParallel is real: two ranks at a global batch do what one rank does at that batch."""

import json
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.config.settings import Settings
from jobs.database.records import Claim
from tests.builders import conditions, one_cycle, training_job
from tests.distributed import probe
from worker.launch.launcher import Launcher
from worker.rundir.directory import write_plan

STEPS = 20
TIMEOUT_S = 600  # of a machine that is busy


def trained(
    folder: Path, world_size: int, options: dict[str, Any] | None = None, *, peak: float = 0.1, **changes: Any
) -> list[dict[str, Any]]:
    """Train 20 steps on so many ranks, with changes of the conditions and options of the training; what each saw."""
    asked = conditions(world_size=world_size, **changes)
    job = training_job(**{"conditions": asked, "schedule": one_cycle(peak), "steps": STEPS} | (options or {}))
    write_plan(folder, Claim("job", 1, world_size, job), Settings(data_dir=folder), Path)
    Launcher().warm()  # all trainings are forked from one process that has loaded torch
    process = multiprocessing.get_context("forkserver").Process(target=probe.launch, args=(str(folder), world_size))
    process.start()
    process.join(TIMEOUT_S)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode == 0, logs_of(folder)
    return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in range(world_size)]


def logs_of(folder: Path) -> str:
    return "\n".join(path.read_text()[-3000:] for path in sorted(folder.glob("**/*.log")))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[dict[str, Any]]]:
    return {size: trained(tmp_path_factory.mktemp(f"ranks{size}"), size) for size in (1, 2)}


def test_two_ranks_equal_one_rank_at_the_same_global_batch(runs: dict[int, list[dict[str, Any]]]) -> None:
    (one,), (two, _) = runs[1], runs[2]
    assert len(one["losses"]) == len(two["losses"]) == STEPS
    assert one["losses"][-1] < one["losses"][0]
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    np.testing.assert_allclose(two["weights"], one["weights"], atol=1e-5)


def test_both_ranks_apply_the_same_rate_and_momentum_and_end_with_the_same_weights(
    runs: dict[int, list[dict[str, Any]]],
) -> None:
    first, second = runs[2]
    assert first["applied"] == second["applied"] == runs[1][0]["applied"]
    assert len({lr for lr, _ in first["applied"]}) > STEPS // 2, "the rate really moves"
    assert first["digest"] == second["digest"]


PARTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"model": {"name": "cnn"}, "sync_batch_norm": True, "augmentation": "crop_flip_cutout"}, {}),
    (
        {"accumulation_steps": 4},
        {"batch_size_warm_start": {"small_batch_size": 24, "small_steps": 7}, "ema_decay": 0.9},
    ),
]


@pytest.mark.parametrize(("changes", "options"), PARTS, ids=["batch norm over ranks, augmented", "accumulated"])
def test_options_do_on_two_ranks_what_they_do_on_one(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any], options: dict[str, Any]
) -> None:
    (one,), (two, other) = (trained(tmp_path_factory.mktemp("o"), size, options, **changes) for size in (1, 2))
    assert two["digest"] == other["digest"]
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-3)
    np.testing.assert_allclose(two["weights"], one["weights"], atol=1e-4)
