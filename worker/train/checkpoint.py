"""Checkpoints: model, optimizer, the number of steps done and the random states of all ranks."""

import hashlib
import os
from typing import Any

import torch
from torch import Tensor

from jobs.errors import TrainingError
from jobs.status import Reason
from worker.train.learner import Learner
from worker.train.plan import Resume
from worker.train.report import Report


def save(learner: Learner, report: Report, step: int) -> None:
    """Write a checkpoint after ``step`` steps: aside, flushed to disk, renamed, then reported. All ranks call this."""
    states = _random_states(learner)
    if not report.writes:
        return
    folder = report.folder / "checkpoints"
    folder.mkdir(exist_ok=True)
    path = folder / f"step-{step}.pt"
    aside = path.with_suffix(".part")
    state = {
        "learner": learner.state_dict(),
        "step": step,
        "random": states,
    }
    with aside.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    report.checkpoint(step, f"checkpoints/{path.name}")


def restore(learner: Learner, resume: Resume) -> int:
    """Put a checkpoint into a learner.

    Returns:
        The step to go on with.

    Raises:
        TrainingError: The file is missing or not the one that was stored.
    """
    try:
        with resume.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TrainingError(Reason.INTERNAL_ERROR, f"the checkpoint cannot be read: {error}") from error
    if digest != resume.sha256:
        raise TrainingError(Reason.INTERNAL_ERROR, f"checkpoint {resume.path.name} is damaged: its SHA-256 differs")
    state: dict[str, Any] = torch.load(resume.path, map_location=learner.world.device, weights_only=True)
    learner.load_state_dict(state["learner"])
    _restore_random_state(learner, state["random"])
    return int(state["step"])


def _random_states(learner: Learner) -> list[list[Tensor]]:
    world = learner.world
    own = [torch.get_rng_state()]
    if world.device.type == "cuda":
        own.append(torch.cuda.get_rng_state(world.device))
    gathered = [world.gather(state.to(world.device)) for state in own]
    return [[kind[rank].cpu() for kind in gathered] for rank in range(world.size)]


def _restore_random_state(learner: Learner, states: list[list[Tensor]]) -> None:
    world = learner.world
    if len(states) != world.size:
        return  # another world size: the data order is the same, other random numbers are not
    torch.set_rng_state(states[world.rank][0].cpu())
    if world.device.type == "cuda" and len(states[world.rank]) > 1:
        torch.cuda.set_rng_state(states[world.rank][1].cpu(), world.device)
