"""Ranks begin once all of their host are forked: a fork beside a connecting rank can leave a rank waiting for ever."""

import multiprocessing
import os
import time
from functools import partial
from pathlib import Path

import psutil

from worker.launch.launcher import Launcher
from worker.train import agent, rank

RANKS = 3
PAUSE_S = 0.2
TIMEOUT_S = 120.0


def launch(run_dir: str) -> None:
    """Run ranks that are forked slowly."""
    rank.main = main
    os.register_at_fork(before=partial(time.sleep, PAUSE_S))
    agent.run(run_dir, RANKS, None)


def main(run_dir: str, on_cuda: bool | None = None) -> None:
    """Have the first rank write down how many there are; the others end after it."""
    del on_cuda
    found = Path(run_dir) / "found"
    if os.environ["LOCAL_RANK"] == "0":
        siblings = psutil.Process(os.getppid()).children()
        found.with_suffix(".new").write_text(str(len(siblings)))
        found.with_suffix(".new").rename(found)
    while not found.exists():
        time.sleep(0.01)


def test_no_rank_begins_before_all_are_forked(tmp_path: Path) -> None:
    Launcher().warm()
    process = multiprocessing.get_context("forkserver").Process(target=launch, args=(str(tmp_path),))
    process.start()
    process.join(TIMEOUT_S)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode == 0
    assert (tmp_path / "found").read_text() == str(RANKS)
