"""``python -m worker``: one worker of the service, configured by ``CLR_…`` variables."""

import os

from jobs import logs
from jobs.settings import Settings
from worker.app import run
from worker.secrecy import hide_environment


def main() -> None:
    """Prepare what the ranks inherit, then run."""
    # One thread a rank and no spinning: two ranks on two cores otherwise take the cores from each other.
    for name, value in {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - read by OpenMP, not by us
    settings = Settings()
    logs.configure(settings)
    hide_environment()
    run(settings)


if __name__ == "__main__":
    main()
