"""One rank: joins the process group, runs what the plan asks for, says why where it cannot."""

import ctypes
import os
import signal
import sys
import traceback
from pathlib import Path

import torch

from clr_core.errors import InvalidArgumentError
from jobs.errors import TrainingError
from jobs.status import Reason
from worker.train import narration, probing, range_test, training
from worker.train.activity import activity
from worker.train.failure import write_failure
from worker.train.plan import Plan
from worker.train.report import Report
from worker.train.world import joined_world

_PR_SET_PDEATHSIG = 1
_MESSAGE_CHARACTERS = 1500


def main(run_dir: str) -> None:
    """Run this rank to its end; a failure is written into the run directory and the exit status is 1."""
    _end_with_agent()
    folder = Path(run_dir)
    number = int(os.environ["RANK"])  # noqa: TID251 - elastic's way to number its ranks
    narration.begin()
    if number == 0:
        activity.begin(folder)
    try:
        _run(folder)
    except Exception as error:
        traceback.print_exc()
        reason, message = _explain(error)
        write_failure(folder, number, reason, message)
        raise SystemExit(1) from error


def _run(folder: Path) -> None:
    plan = Plan.read(folder / "plan.json")
    with joined_world(plan.collective_timeout_s) as world, Report(folder, writes=world.rank == 0) as report:
        _JOBS["probe" if plan.probes else plan.kind](world, plan, report)


_JOBS = {"lr_find": range_test.run, "probe": probing.run, "train": training.run}


def _explain(error: Exception) -> tuple[Reason, str]:
    if isinstance(error, TrainingError):
        return error.reason, str(error)
    if isinstance(error, InvalidArgumentError):
        return Reason.INVALID_DATA, str(error)
    text = f"{type(error).__name__}: {error}"
    out_of_memory = isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in text
    if out_of_memory:
        return Reason.OUT_OF_MEMORY, (
            f"the device has too little memory: take a smaller global_batch_size, or more ranks. {text}"
        )[:_MESSAGE_CHARACTERS]
    return Reason.INTERNAL_ERROR, text[:_MESSAGE_CHARACTERS]


def _end_with_agent() -> None:
    """Have the kernel kill this rank when the agent dies (Linux; elsewhere torch sends an interrupt)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":  # python -m torch.distributed.run … -m worker.train.rank RUN_DIR: a plan without a worker
    main(sys.argv[1])
