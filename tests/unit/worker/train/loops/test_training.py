"""Short trainings of one rank, to their end: those whose weights are destroyed, and healthy ones."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed as dist

from jobs.config.settings import Settings
from jobs.database.records import Claim
from jobs.errors import TrainingError
from jobs.spec.resolved import Checkpoint
from jobs.status import Reason
from tests.builders import conditions, one_cycle, training_job
from worker.rundir.directory import write_plan
from worker.rundir.plan import TrainingPlan, read_plan
from worker.rundir.report import Report, ReportTail
from worker.train.checkpoint import checkpoint_file
from worker.train.checkpoint.checkpoint_file import CheckpointState, TrainingPosition
from worker.train.data.registry import load
from worker.train.loops.training import Training
from worker.train.process_group import ProcessGroup
from worker.train.step.progress_state import ProgressState

Lines = list[dict[str, Any]]
WORLD = ProcessGroup(0, 1, torch.device("cpu"))


@pytest.fixture
def trained(tmp_path: Path) -> Iterator[Callable[..., Lines]]:
    torch.set_num_threads(1)  # as ranks do
    store = torch.distributed.HashStore()  # type: ignore[attr-defined]
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)

    def train(
        max_lr: float, steps: int, *, seed: int = 0, model: str = "mlp", resume: Path | None = None, **options: Any
    ) -> Lines:
        folder = tmp_path / f"attempt-{len(list(tmp_path.iterdir()))}"
        asked = conditions(world_size=1, model={"name": model})
        job = training_job(steps=steps, seed=seed, schedule=one_cycle(max_lr), conditions=asked, **options)
        checkpoint = None
        if resume is not None:
            sha256 = hashlib.sha256(resume.read_bytes()).hexdigest()
            checkpoint = Checkpoint(key=str(resume), sha256=sha256, step=steps - 1)
        claim = Claim("job", 1, 1, job, checkpoint)
        write_plan(folder, claim, Settings(data_dir=tmp_path, checkpoint_interval_s=0.001), Path)
        plan = read_plan(folder)
        assert isinstance(plan, TrainingPlan)
        with Report(folder, writes=True) as report:
            try:
                Training(WORLD, plan, report, load(plan, WORLD.device)).run()
            except TrainingError as error:
                (folder / "error.json").write_text(json.dumps([error.reason, str(error)]))
        lines = [line.model_dump() for line in ReportTail(folder).read()]
        if (folder / "error.json").exists():
            lines.append({"type": "error", "error": json.loads((folder / "error.json").read_text())})
        return lines

    yield train
    dist.destroy_process_group()


def of_type(lines: Lines, kind: str) -> Lines:
    return [line for line in lines if line["type"] == kind]


def test_weights_that_are_destroyed_without_nan_are_an_alarm_and_a_failure(trained: Callable[..., Lines]) -> None:
    lines = trained(1000.0, 60)
    assert [line["alarm"]["code"] for line in of_type(lines, "alarm")] == ["loss_exploded"]
    (failed,) = of_type(lines, "error")
    reason, message = failed["error"]
    assert reason == Reason.DIVERGED
    assert "take a lower max_lr" in message
    assert of_type(lines, "result") == of_type(lines, "file") == []
    assert any("val_loss" in line["values"] for line in of_type(lines, "points")), "its curve is whole"


def test_a_resumed_training_is_judged_by_the_losses_before_it_too(
    trained: Callable[..., Lines], tmp_path: Path
) -> None:
    whole = trained(1000.0, 60, observe={"evaluate_every": 59})
    resumed = trained(1000.0, 60, observe={"evaluate_every": 59}, resume=tmp_path / "attempt-0/checkpoints/step-59.pt")
    assert of_type(resumed, "points")[0]["steps"] == [59]
    assert of_type(resumed, "error") == of_type(whole, "error") != []


@pytest.mark.parametrize(
    ("model", "max_lr", "steps", "seed"),
    [("mlp", 0.1, 60, 0), ("mlp", 1.0, 60, 1), ("mlp", 1.0, 60, 2), ("cnn", 0.1, 10, 0), ("resnet8", 3.0, 20, 1)],
)
def test_healthy_trainings_end_well_and_without_an_alarm(
    trained: Callable[..., Lines], model: str, max_lr: float, steps: int, seed: int
) -> None:
    lines = trained(max_lr, steps, seed=seed, model=model)
    assert of_type(lines, "alarm") == of_type(lines, "error") == []
    assert len(of_type(lines, "result")) == 1


def test_the_memory_in_a_checkpoint_has_what_workers_of_the_version_before_know(
    trained: Callable[..., Lines], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[CheckpointState] = []
    capture = checkpoint_file.capture

    def noted(learner: Any, place: TrainingPosition, memory: ProgressState) -> CheckpointState:
        written.append(capture(learner, place, memory))
        return written[-1]

    monkeypatch.setattr(checkpoint_file, "capture", noted)
    trained(0.1, 5)
    assert set(written[-1]["memory"]) == set(asdict(ProgressState())) - {"first_loss", "recent_losses"}
    assert (written[-1]["first_loss"] or 0) > 0
