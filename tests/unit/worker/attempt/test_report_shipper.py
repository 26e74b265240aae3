import json
from pathlib import Path
from typing import Any

from jobs.database.records import Claim
from jobs.files.artifacts import ArtifactStore
from tests.builders import training_job
from worker.attempt.log_tail import LogTail
from worker.attempt.report_shipper import ReportShipper

CLAIM = Claim("job_x", 1, 1, training_job())


def line(**fields: Any) -> str:
    return json.dumps(fields) + "\n"


def points(start: int, end: int) -> str:
    steps = list(range(start, end))
    clock = [start * 0.5, end * 0.5]
    values = {"train_loss": [1.0] * len(steps)}
    return line(type="points", steps=steps, values=values, done=end, epoch=0.5, replica=0, clock=clock)


def shipper_over(folder: Path, text: str) -> ReportShipper:
    (folder / "report.jsonl").write_text(text)
    return ReportShipper(CLAIM, folder, ArtifactStore(folder / "store"))


def test_a_checkpoint_is_shipped_together_with_all_metrics_before_it(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/step-2.pt").write_bytes(b"weights")
    text = points(0, 2) + line(type="checkpoint", step=2, file="checkpoints/step-2.pt") + points(2, 4)
    shipper = shipper_over(tmp_path, text)
    batch = shipper.next_batch()
    assert [point.step for point in batch.points if point.metric == "train_loss"] == [0, 1]
    assert (batch.checkpoint_step, batch.checkpoint.size_bytes) == (2, 7)
    assert shipper.next_batch() is batch, "offered again until it is written"
    shipper.shipped()
    assert [point.step for point in shipper.next_batch().points if point.metric == "train_loss"] == [2, 3]


def test_a_line_that_is_cut_off_waits_for_its_rest(tmp_path: Path) -> None:
    whole = points(0, 1)
    shipper = shipper_over(tmp_path, whole[:20])
    assert not shipper.next_batch()
    with (tmp_path / "report.jsonl").open("a") as file:
        file.write(whole[20:])
    assert [point.step for point in shipper.next_batch().points] == [0, 0]


def test_the_last_line_is_the_verdict(tmp_path: Path) -> None:
    shipper = shipper_over(tmp_path, line(type="result", result={"final": {}}))
    assert not shipper.next_batch()
    assert shipper.result == {"final": {}}


def test_reports_of_several_groups_are_one_stream_that_ends_with_the_last_of_them(tmp_path: Path) -> None:
    verdict = line(type="result", result={"stopped_at_step": []})
    shipper = shipper_over(tmp_path, points(0, 3) + verdict)
    further = tmp_path / "group-1"
    further.mkdir()
    shipper.follow(further)
    (further / "report.jsonl").write_text(points(0, 2).replace('"replica": 0', '"replica": 1'))
    batch = shipper.next_batch()
    losses = [(point.replica, point.step) for point in batch.points if point.metric == "train_loss"]
    assert losses == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    assert batch.progress["step"] == 5
    assert shipper.result is None
    with (further / "report.jsonl").open("a") as file:
        file.write(verdict)
    shipper.shipped()
    assert not shipper.next_batch()
    assert shipper.result is not None


def test_what_processes_write_is_shipped_with_the_rest_and_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "report.jsonl").write_text(points(0, 1))
    (tmp_path / "agent.log").write_text("begins\nno line")
    shipper = ReportShipper(CLAIM, tmp_path, ArtifactStore(tmp_path / "store"), log=LogTail(tmp_path, str))
    batch = shipper.next_batch()
    assert (len(batch.points), [line.text for line in batch.lines]) == (2, ["begins"])
    shipper.shipped()
    assert not shipper.next_batch()
    shipper.end_log()
    assert [line.text for line in shipper.next_batch().lines] == ["no line"]
    shipper.shipped()
    assert not shipper.next_batch()


def test_times_stand_at_the_last_step_of_a_line_and_go_on_after_a_resume(tmp_path: Path) -> None:
    again = line(type="points", steps=[5], values={"val_loss": [1.0]}, done=6, epoch=1.0, replica=0, clock=[3.0, 3.4])
    other = line(
        type="points", steps=[0, 1], values={"train_loss": [1, 1]}, done=8, epoch=None, replica=1, clock=[4, 5]
    )
    (tmp_path / "report.jsonl").write_text(points(2, 4) + points(4, 6) + again + other)
    shipper = ReportShipper(CLAIM, tmp_path, ArtifactStore(tmp_path / "store"), base_s=10.0)
    times = [point for point in shipper.next_batch().points if point.metric == "elapsed_s"]
    assert [(point.replica, point.step, point.raw) for point in times] == [
        (0, 2, 11.5), (0, 3, 12.0), (0, 5, 13.0), (1, 0, 14.5), (1, 1, 15.0),
    ]  # fmt: skip
