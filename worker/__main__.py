"""``python -m worker``: one worker of the service, configured by ``CLR_…`` variables."""

import os

from jobs.config import logging_setup
from jobs.config.secrets import take_secrets
from jobs.config.settings import Settings
from worker.app import run
from worker.memory import share_one_heap


def main() -> None:
    """Prepare what the ranks inherit, then run."""
    take_secrets()
    share_one_heap()
    # One thread per rank and no spinning: otherwise two ranks on two cores compete for the cores.
    for name, value in {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - read by OpenMP, not by us
    settings = Settings()
    logging_setup.configure(settings)
    run(settings)


if __name__ == "__main__":
    main()
