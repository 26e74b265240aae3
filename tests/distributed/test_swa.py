"""The average over ends of cycles, trained on real ranks."""

import json
from pathlib import Path
from typing import Any

from tests.distributed.test_ddp import trained

CYCLES: dict[str, Any] = {"name": "triangular", "max_lr": 0.1, "base_lr": 0.01, "step_size": 5}


def test_the_model_is_the_average_and_every_end_of_a_cycle_is_evaluated(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"model": {"name": "cnn"}, "global_batch_size": 96}
    one, other = trained(tmp_path, 2, {"schedule": CYCLES, "steps": 35, "swa": {"from_cycle": 1}}, **asked)
    assert one["digest"] == other["digest"]
    lines = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    result = lines[-1]["result"]
    assert result["swa"]["cycles"] == 2, "those that end after steps 20 and 30"
    assert result["final"] == result["swa"]["average"] != result["swa"]["last"]
    points = [line for line in lines if line["type"] == "points"]
    evaluated = {step for line in points if "val_loss" in line["values"] for step in line["steps"]}
    assert {19, 29, 34} <= evaluated
    (average,) = [line for line in points if "swa_val_loss" in line["values"]]
    assert average["values"]["swa_val_loss"] == [result["final"]["val_loss"]]
