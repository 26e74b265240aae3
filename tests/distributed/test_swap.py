"""SWAP on real ranks: one model until the end of phase 1, then one for each rank, then their average."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.distributed.test_ddp import STEPS, trained
from tests.distributed.test_exact_resume import STEPS as LONG
from tests.distributed.test_exact_resume import Job
from worker.launch.launcher import Launcher

SWAP: dict[str, Any] = {"schedule": {"name": "linear", "lr": 0.05}, "epochs": 1, "batch_size": 32}
CNN: dict[str, Any] = {"model": {"name": "cnn"}, "global_batch_size": 96}


def report_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "report.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("swap")
    return trained(folder, 2, {"swap": SWAP}, **CNN), report_of(folder)


def test_ranks_part_and_end_with_the_same_average(
    swapped: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    (one, other), lines = swapped
    assert one["digest"] == other["digest"]
    result = lines[-1]["result"]
    found = result["swap"]
    assert found["steps"] == -(-1437 // 32)
    assert len(found["ranks"]) == 2
    assert found["ranks"][0] != found["ranks"][1], "each went its own way"
    assert result["final"] == found["average"] != found["phase_1"]
    assert result["steps"] == result["total_steps"] == STEPS
    assert found["average"]["val_accuracy"] > found["phase_1"]["val_accuracy"]


def test_every_rank_has_series_of_its_own_after_those_of_phase_1(
    swapped: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    _, lines = swapped
    series: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        if line["type"] == "points":
            for metric, values in line["values"].items():
                assert len(values) == len(line["steps"])
                series.setdefault((metric, line["replica"]), []).extend(line["steps"])
    own = lines[-1]["result"]["swap"]["steps"]
    for rank in (0, 1):
        assert series["swap_train_loss", rank] == list(range(STEPS, STEPS + own))
        assert series["swap_val_accuracy", rank] == [STEPS + own - 1]
    assert series["train_loss", 0] == list(range(STEPS))
    assert series["val_accuracy", 0][-1] == STEPS + own - 1, "the average's evaluation is the last"
    assert lines[0]["total_steps"] == STEPS + own


def test_without_steps_of_their_own_that_move_weights_the_average_is_the_model_of_phase_1(tmp_path: Path) -> None:
    still = {"schedule": {"name": "constant", "lr": 1e-30}, "steps": 2, "batch_size": 48}
    trained(tmp_path, 3, {"swap": still}, global_batch_size=96)
    found = report_of(tmp_path)[-1]["result"]["swap"]
    for metrics in (*found["ranks"], found["average"]):
        for name, value in metrics.items():
            np.testing.assert_allclose(value, found["phase_1"][name], rtol=1e-6)


def test_killed_in_either_phase_and_resumed_it_ends_as_if_never_stopped(tmp_path: Path) -> None:
    launcher = Launcher()
    launcher.warm()
    swap = SWAP | {"epochs": 2, "schedule": {"name": "triangular", "max_lr": 0.05, "base_lr": 0.01, "step_size": 40}}
    straight = Job(tmp_path / "straight", launcher, "sgd", swap=swap)
    broken = Job(tmp_path / "broken", launcher, "sgd", swap=swap)
    straight.run()
    assert broken.run(kill_at=LONG // 2) < LONG
    assert broken.run(kill_at=LONG + 20) > LONG
    assert broken.resume is not None
    assert broken.resume.step == LONG, "the second phase has no checkpoint but that at its start"
    broken.run()
    assert broken.exact() == straight.exact()
    assert {place: value for place, value in broken.curve.items() if place[0].startswith("swap_")} == {
        place: value for place, value in straight.curve.items() if place[0].startswith("swap_")
    }
    assert broken.result() == straight.result()
    assert broken.model() == straight.model()


def test_a_target_ends_phase_1_early_and_the_second_phase_follows(tmp_path: Path) -> None:
    target = {"metric": "val_accuracy", "target": 0.2}
    trained(tmp_path, 2, {"swap": SWAP | {"epochs": None, "steps": 3}, "early_stop": target, "steps": 60}, **CNN)
    result = report_of(tmp_path)[-1]["result"]
    assert result["stopped_early"]
    assert result["steps"] == result["steps_to_target"] < 60
    assert result["swap"]["steps"] == 3
