"""Reports: the supervisor reads the lines that rank 0 wrote, whole lines only."""

import json
import math
from pathlib import Path

import pytest

from jobs.spec.resolved import RangeTestFacts, TrainingFacts
from worker.rundir.report import Report, ReportTail
from worker.rundir.report_lines import (
    AlarmLine,
    CheckpointLine,
    FileLine,
    NoteLine,
    PlanLine,
    PointsLine,
    ReportLine,
    ResultLine,
)


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    with Report(tmp_path, writes=True) as report:
        report.plan(20, TrainingFacts(total_steps=20, steps_per_epoch=22.5))
        report.points([0, 1], {"train_loss": [2.5, math.inf], "lr": [0.1, 1e-7]}, done=2, epoch=0.1)
        report.checkpoint(2, "checkpoints/step-2.pt", best=True)
        report.file("model", 2, "model.safetensors")
        report.alarm({"code": "plateau", "evidence": {"steps": 3, "lr": 0.1}})
        report.note("told", {"equal": ["rates"]})
        report.result({"final": {"val_loss": None}, "steps": 20})
    plan, points, *others = ReportTail(tmp_path).read()
    assert plan == PlanLine(total_steps=20, resolved=TrainingFacts(total_steps=20, steps_per_epoch=22.5))
    assert isinstance(points, PointsLine)
    assert (points.steps, points.values, points.done) == ([0, 1], {"train_loss": [2.5, math.inf], "lr": [0.1, 1e-7]}, 2)
    assert (points.epoch, points.replica) == (0.1, 0)
    assert points.clock[0] <= points.clock[1]
    expected: list[ReportLine] = [
        CheckpointLine(step=2, file="checkpoints/step-2.pt", best=True),
        FileLine(kind="model", step=2, file="model.safetensors"),
        AlarmLine(alarm={"code": "plateau", "evidence": {"steps": 3, "lr": 0.1}}),
        NoteLine(kind="told", data={"equal": ["rates"]}),
        ResultLine(result={"final": {"val_loss": None}, "steps": 20}),
    ]
    assert others == expected


@pytest.mark.parametrize("facts", [RangeTestFacts(batch_norm=True), RangeTestFacts(batch_norm=False), TrainingFacts()])
def test_facts_keep_their_kind_and_unknown_ones_are_left_out(
    tmp_path: Path, facts: RangeTestFacts | TrainingFacts
) -> None:
    with Report(tmp_path, writes=True) as report:
        report.plan(10, facts)
    document = json.loads((tmp_path / "report.jsonl").read_text())
    assert document == {"type": "plan", "total_steps": 10, "resolved": facts.document()}
    assert ReportTail(tmp_path).read() == [PlanLine(total_steps=10, resolved=facts)]


def test_nan_is_kept(tmp_path: Path) -> None:
    with Report(tmp_path, writes=True) as report:
        report.points([4], {"val_loss": [math.nan]}, done=5)
    (line,) = ReportTail(tmp_path).read()
    assert isinstance(line, PointsLine)
    assert math.isnan(line.values["val_loss"][0])


def test_an_incomplete_line_is_left_for_the_next_call(tmp_path: Path) -> None:
    tail, line = ReportTail(tmp_path), NoteLine(kind="told", data={})
    assert tail.read() == []
    text = line.model_dump_json() + "\n"
    (tmp_path / "report.jsonl").write_text(text + text[:9])
    assert tail.read() == [line]
    with (tmp_path / "report.jsonl").open("a") as file:
        file.write(text[9:])
    assert tail.read() == [line]


def test_other_ranks_write_nothing(tmp_path: Path) -> None:
    with Report(tmp_path, writes=False) as report:
        report.result({})
    assert list(tmp_path.iterdir()) == []
