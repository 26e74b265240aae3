"""Checkpoint files: the whole state of a training, so that a resumed training equals one that never stopped.

A file holds the learner (model, optimizer and other state), the schedule's step, the sampler's position, the random
states of all ranks, the last step with metrics, and the running values of the curve (`ProgressState`).
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import torch
from torch import Tensor

from jobs.errors import TrainingError
from jobs.status import Reason
from worker.rundir.failures import NO_ROOM
from worker.rundir.plan import Resume
from worker.train.checkpoint import random_state
from worker.train.process_group import ProcessGroup
from worker.train.step.learner import Learner, LearnerState
from worker.train.step.progress_state import ProgressState

_OF_DEVICES = ("CUDA", "NCCL", "allocate memory")  # errors that do not mean a damaged file
FORMAT = 2


@dataclass(frozen=True, slots=True)
class TrainingPosition:
    """The position of a training: steps done, and the seed of its data order."""

    step: int
    seed: int


class CheckpointState(TypedDict):
    """The contents of a checkpoint file. What workers of the previous version do not write is not required."""

    format: int
    learner: LearnerState
    schedule: dict[Literal["step"], int]
    sampler: dict[Literal["seed", "step"], int]
    random: list[dict[str, Tensor]]  # of each rank
    metrics_offset: int
    memory: dict[str, Any]  # of `ProgressState`
    first_loss: NotRequired[float | None]
    recent_losses: NotRequired[list[float]]


def capture(learner: Learner, position: TrainingPosition, progress: ProgressState) -> CheckpointState:
    """Return the state after ``position.step`` steps, with the learner's tensors, not copies. All ranks call this."""
    remembered = asdict(progress)
    # Beside the progress, not in it: workers of the previous version read the same format and ignore new keys here.
    first_loss, recent_losses = (remembered.pop(name) for name in ("first_loss", "recent_losses"))
    return {
        "format": FORMAT,
        "learner": learner.state_dict(),
        "schedule": {"step": position.step},
        "sampler": {"seed": position.seed, "step": position.step},
        "random": _of_all_ranks(learner.world),
        "metrics_offset": position.step,
        "memory": remembered,
        "first_loss": first_loss,
        "recent_losses": recent_losses,
    }


def detached(state: Any) -> Any:
    """Return a copy on the CPU that later steps do not change."""
    if isinstance(state, Tensor):
        return state.detach().to("cpu", copy=True)
    if isinstance(state, dict):
        return {key: detached(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(detached(value) for value in state)
    return state


def write(state: CheckpointState, folder: Path) -> Path:
    """Write a state to ``folder/step-<n>.pt``: write a temporary file, flush it to disk, rename it.

    Raises:
        TrainingError: The disk is full (`Reason.DISK_FULL`) or not writable.
    """
    path = folder / f"step-{state['schedule']['step']}.pt"
    aside = path.with_suffix(".part")
    try:
        folder.mkdir(exist_ok=True)
        with aside.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
        _flush_folder(folder)
    except (OSError, RuntimeError) as error:  # torch turns some file errors into RuntimeErrors
        aside.unlink(missing_ok=True)
        raise _unwritable(error, path) from error
    return path


def _flush_folder(folder: Path) -> None:
    """Flush a folder, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(error: BaseException, path: Path) -> TrainingError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in NO_ROOM:
            message = f"there is no room to write checkpoint {path.name}: {cause.strerror}. Free space on the disk"
            return TrainingError(Reason.DISK_FULL, f"{message} of {path.parent}, and start again")
        cause = cause.__cause__ or cause.__context__
    return TrainingError(Reason.INTERNAL_ERROR, f"checkpoint {path.name} cannot be written: {error}")


def read(resume: Resume) -> CheckpointState:
    """Read a checkpoint and check that it has the recorded SHA-256.

    Its tensors are on the CPU, so that a device need not hold them beside the learner's, which are copies.

    Raises:
        TrainingError: The file is missing or not the one that was stored (`Reason.CHECKPOINT_DAMAGED`).
    """
    with loading(resume):
        with resume.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != resume.sha256:
            raise ValueError("its SHA-256 differs from that of the file that was stored")
        state: CheckpointState = torch.load(resume.path, map_location="cpu", weights_only=True)
        if state["format"] != FORMAT:
            raise ValueError(f"it is of another version of the service: format {state['format']}, not {FORMAT}")
    return state


@contextmanager
def loading(resume: Resume) -> Iterator[None]:
    """Turn any error while a checkpoint is read and restored into a damaged checkpoint, except errors of a device.

    Raises:
        TrainingError: With `Reason.CHECKPOINT_DAMAGED`.
    """
    try:
        yield
    except TrainingError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, torch.OutOfMemoryError | MemoryError) or any(word in text for word in _OF_DEVICES):
            raise
        message = f"checkpoint {resume.path.name} cannot be resumed from: {text}"
        raise TrainingError(Reason.CHECKPOINT_DAMAGED, message) from error


def restore(state: CheckpointState, learner: Learner) -> int:
    """Restore a state into a learner, and the random states of this rank.

    Returns:
        The number of ranks that the state was captured on. If there are more or fewer now, data order and rates
        continue unchanged, but other random numbers (dropout) differ.
    """
    learner.load_state_dict(state["learner"])
    states, world = state["random"], learner.world
    if len(states) == world.size:
        random_state.put_back(states[world.rank], world.device)
    return len(states)


def _of_all_ranks(world: ProcessGroup) -> list[dict[str, Tensor]]:
    own = random_state.capture(world.device)
    lengths = [len(state) for state in own.values()]
    together = world.gather(torch.cat(list(own.values())).to(world.device))
    # Copied: a slice would save its whole tensor into the file.
    return [
        {name: part.clone() for name, part in zip(own, rank.cpu().split(lengths), strict=True)} for rank in together
    ]
