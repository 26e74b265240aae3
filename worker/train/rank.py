"""One rank: joins the process group, runs the plan, and reports the reason if it fails."""

import ctypes
import os
import signal
import sys
import traceback
from pathlib import Path

from jobs.status import Reason
from worker.rundir import rank_log
from worker.rundir.activity import activity
from worker.rundir.failures import Failure, reserve
from worker.rundir.plan import TrainingPlan, read_plan
from worker.rundir.report import Report
from worker.train.causes import explain
from worker.train.loops import probe, range_test, training
from worker.train.process_group import join_process_group
from worker.train.start_barrier import StartBarrier

_PR_SET_PDEATHSIG = 1


def begin(barrier: StartBarrier, run_dir: str, on_cuda: bool) -> None:
    """Run `main` once all ranks of this host are forked; this one ends if its agent does."""
    _end_with_agent()
    barrier.wait(int(os.environ["LOCAL_RANK"]))  # noqa: TID251 - elastic's way
    main(run_dir, on_cuda)


def main(run_dir: str, on_cuda: bool | None = None) -> None:
    """Run this rank to its end; a failure is written into the run directory and the exit status is 1.

    Args:
        run_dir: Holds ``plan.json``.
        on_cuda: Whether it works on a CUDA device; where one is there, if left out.
    """
    # Elastic would write errors into this file, not atomically, and the agent fails if it finds half of one.
    os.environ.pop("TORCHELASTIC_ERROR_FILE", None)  # noqa: TID251 - elastic's way
    folder = Path(run_dir)
    number, local = (int(os.environ[name]) for name in ("RANK", "LOCAL_RANK"))  # noqa: TID251 - elastic's way
    rank_log.begin()
    reserve(folder, number)
    try:
        if number == 0:
            activity.begin(folder)
        _run(folder, on_cuda)
    except Exception as error:
        traceback.print_exc()
        explain(error, local if on_cuda else None).write(folder, number)
        raise SystemExit(1) from error
    except SystemExit as error:  # a model or an optimizer of the user's ended the process: another attempt would, too
        traceback.print_exc()
        message = f"code of the job ended its rank with the exit status {error.code}"
        Failure(Reason.INTERNAL_ERROR, message).write(folder, number)
        raise SystemExit(1) from error


def _run(folder: Path, on_cuda: bool | None) -> None:
    plan = read_plan(folder)
    joined = join_process_group(plan.collective_timeout_s, on_cuda=on_cuda)
    with joined as world, Report(folder, writes=world.rank == 0) as report:
        if isinstance(plan, TrainingPlan):
            training.run(world, plan, report)
        elif plan.probes:
            probe.run(world, plan, report)
        else:
            range_test.run(world, plan, report)


def _end_with_agent() -> None:
    """Have the kernel kill this rank when the agent dies (Linux; elsewhere torch sends an interrupt)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":  # python -m torch.distributed.run … -m worker.train.rank RUN_DIR: a plan without a worker
    _end_with_agent()
    main(sys.argv[1])
