"""One short seed of the chaos rig, in every run of the tests. `make chaos SEED=n` runs long ones."""

import subprocess
import sys

FAULTS = "worker-killed,checkpoint-damaged,ranks-cut-off,broker-demoted,checkpoint-answer-lost,agent-killed"


def test_short_seed() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--seed", "1", "--database", "postgresql", "--workers", "2"]
    command += ["--jobs", "8", "--specs", "long,short,range", "--only", FAULTS, "--each"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # its PostgreSQL is its own
    assert done.returncode == 0, done.stdout + done.stderr
