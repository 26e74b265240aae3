"""``python -m tests.chaos --seed N``: a run of chaos, then the checker. Status 0 if every invariant held."""

import argparse
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

from tests.chaos.deliberate_breaks import IN_WORKERS
from tests.chaos.faults.catalogue import CATALOGUE
from tests.chaos.load import SPECS
from tests.chaos.run import Asked, Quiet, run
from tests.chaos.scenarios import SCENARIOS

DATABASES = ("postgresql", "sqlite")  # of even and of odd seeds


def _of_seed(seed: int, asked: argparse.Namespace) -> Asked:
    if asked.broken and not asked.only:
        return replace(SCENARIOS[asked.broken], seed=seed, broken=asked.broken, keep=asked.keep)
    only, specs = ([name for name in words.split(",") if name] for words in (asked.only, asked.specs))
    return Asked(
        seed, asked.database or DATABASES[seed % 2], jobs=asked.jobs, faults=asked.faults, only=only,
        specs=tuple(specs), each=asked.each, workers=asked.workers,
        broken=asked.broken, cancels=asked.cancels, patience_s=asked.patience, keep=asked.keep,
        pause_s=asked.pause,
    )  # fmt: skip


def main() -> None:
    """Run the seeds that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="how many, from --seed on")
    parser.add_argument("--database", choices=DATABASES, help="even seeds are run on PostgreSQL, odd ones on SQLite")
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--faults", type=int, default=25)
    parser.add_argument("--only", default="", help=f"faults, with commas: {', '.join(f.name for f in CATALOGUE)}")
    parser.add_argument("--each", action="store_true", help="make each fault of --only once, in that order")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--specs", default="", help=f"jobs, with commas: {', '.join(SPECS)}")
    parser.add_argument("--cancels", type=float, default=0.15, help="part of the jobs that is cancelled")
    parser.add_argument("--pause", type=float, default=1.2, help="mean seconds between two faults")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds for which no job may move")
    parser.add_argument("--keep", type=Path, help="takes logs and run directories of a run with violations")
    parser.add_argument(
        "--break", dest="broken", choices=IN_WORKERS, help="a deliberate break, by itself with the faults that show it"
    )
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the rig is taken down
    quiet: Quiet = {}
    violated = [
        seed for seed in range(asked.seed, asked.seed + asked.seeds) if not run(_of_seed(seed, asked), quiet)
    ]  # fmt: skip
    print(json.dumps({"seeds": asked.seeds, "violated": violated}))
    sys.exit(1 if violated else 0)


if __name__ == "__main__":
    main()
