"""Ranks are really killed, again and again, and the training ends as if nothing had been: to the last bit.

With batch norm, augmentation and a cycle of rate and momentum."""

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from jobs.config.settings import Settings
from jobs.database.records import Claim
from jobs.files.artifacts import ArtifactStore
from jobs.spec.resolved import Checkpoint
from tests.builders import conditions, one_cycle, training_job
from worker.launch.launcher import Launcher, Ranks
from worker.rundir.directory import failures, write_plan

KILLS = int(os.environ.get("KILLS", "5"))  # `make chaos` asks for 20
STEPS = 400
TIMEOUT_S = 120
EXACT = (
    "train_loss", "lr", "momentum", "gradient_norm", "noise_scale", "gradient_signal", "gradient_noise", "val_loss",
    "val_accuracy", "generalisation_gap",
)  # fmt: skip
OPTIMIZERS: dict[str, tuple[dict[str, Any], float]] = {
    "sgd": ({"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4}, 0.1),
    "adamw": ({"name": "adamw", "weight_decay": 0.01}, 0.003),
}

Curve = dict[tuple[str, int], float]


@pytest.fixture(scope="module")
def launcher() -> Launcher:
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        os.environ.setdefault(name, {"OMP_NUM_THREADS": "1"}.get(name, "PASSIVE"))
    launcher = Launcher()
    launcher.warm()
    return launcher


class Job:
    """One training over several attempts, kept as the supervisor does: points before the checkpoint and no others."""

    def __init__(self, folder: Path, launcher: Launcher, optimizer: str, world_size: int = 2, **changes: Any) -> None:
        spec, peak = OPTIMIZERS[optimizer]
        body = conditions(
            model={"name": "resnet8"},
            optimizer=spec,
            world_size=world_size,
            global_batch_size=12 * world_size,
            augmentation="crop_flip_cutout",
        )
        observe = {"gradient_norm": True, "noise_scale": {"every": 3}}
        self.job = training_job(conditions=body, schedule=one_cycle(peak), steps=STEPS, observe=observe, **changes)
        self.folder, self.launcher, self.world_size = folder, launcher, world_size
        self.store = ArtifactStore(folder / "store")
        self.curve: Curve = {}
        self.attempts = 0
        self.resume: Checkpoint | None = None
        self.lines: list[dict[str, Any]] = []

    def start(self) -> Path:
        self.attempts += 1
        run_dir = self.folder / f"attempt-{self.attempts}"
        claim = Claim("job", self.attempts, self.world_size, self.job, self.resume)
        settings = Settings(data_dir=self.folder, checkpoint_interval_s=1e-9)  # a checkpoint at every exchange
        write_plan(run_dir, claim, settings, self.store.path)
        return run_dir

    def run(self, kill_at: int | None = None) -> int:
        """One attempt: to its end, or until a rank is killed once so many steps are reported; where it got."""
        run_dir = self.start()
        ranks = self.launcher.launch(run_dir, tuple(range(self.world_size)), on_cuda=False)
        deadline = time.monotonic() + TIMEOUT_S
        try:
            while ranks.is_alive() and not (kill_at is not None and done_in(run_dir) >= kill_at):
                assert time.monotonic() < deadline
                time.sleep(0.002)
            if kill_at is not None:
                kill_one_rank(ranks)
        finally:
            ranks.kill()
        return self.take(run_dir)

    def take(self, run_dir: Path) -> int:
        begun_at = 0 if self.resume is None else self.resume.step
        self.curve = {place: value for place, value in self.curve.items() if place[1] < begun_at}
        done = 0
        self.lines = [json.loads(line) for line in (run_dir / "report.jsonl").read_bytes().split(b"\n")[:-1]]
        for line in self.lines:
            if line["type"] == "points":
                done = line["done"]
                for metric, values in line["values"].items():
                    metric = f"{metric}/{line['replica']}" if line["replica"] else metric  # noqa: PLW2901
                    for step, value in zip(line["steps"], values, strict=True):
                        assert (metric, step) not in self.curve, "a step stands in the curve once"
                        self.curve[metric, step] = value
            elif line["type"] == "checkpoint":
                stored = self.store.put(f"step-{line['step']}.pt", run_dir / line["file"])
                self.resume = Checkpoint(key=stored.key, sha256=stored.sha256, step=line["step"])
        return done

    def model(self) -> bytes:
        return (self.folder / f"attempt-{self.attempts}" / "model.safetensors").read_bytes()

    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = self.lines[-1]["result"]
        return found

    def exact(self) -> Curve:
        return {place: value for place, value in self.curve.items() if place[0] in EXACT}


def done_in(run_dir: Path) -> int:
    path = run_dir / "report.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return max((json.loads(line).get("done", 0) for line in lines[-3:]), default=0)


def kill_one_rank(ranks: Ranks) -> None:
    children = psutil.Process(ranks.pid).children()
    if children:
        os.kill(random.choice(children).pid, signal.SIGKILL)


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_killed_at_random_steps_and_resumed_it_ends_as_if_never_stopped(
    optimizer: str, launcher: Launcher, tmp_path: Path
) -> None:
    straight, broken = Job(tmp_path / "straight", launcher, optimizer), Job(tmp_path / "broken", launcher, optimizer)
    straight.run()
    assert straight.result()["total_steps"] == STEPS, failures(tmp_path / "straight/attempt-1")
    draw = random.Random(optimizer)
    reached = [broken.run(kill_at=step) for step in sorted(draw.sample(range(2, STEPS - 20), KILLS))]
    broken.run()
    assert broken.attempts == KILLS + 1
    assert len(set(reached)) > KILLS // 2, "kills are spread over the run"
    assert broken.resume is not None
    assert broken.exact() == straight.exact()
    assert [step for metric, step in sorted(broken.curve) if metric == "train_loss"] == list(range(STEPS))
    assert broken.result() == straight.result()
    assert broken.model() == straight.model()


def test_three_ranks_are_resumed_to_the_last_bit_too(launcher: Launcher, tmp_path: Path) -> None:
    straight = Job(tmp_path / "straight", launcher, "sgd", world_size=3)
    broken = Job(tmp_path / "broken", launcher, "sgd", world_size=3)
    straight.run()
    broken.run(kill_at=STEPS // 2)
    broken.run()
    assert broken.exact() == straight.exact()
    assert broken.model() == straight.model()
