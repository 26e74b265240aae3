"""Removes what attempts of killed workers left in their run directories, except the logs."""

from pathlib import Path

from jobs.database.session import Database
from worker.launch import orphans
from worker.rundir import directory


def tidy_attempts(database: Database, runs_dir: Path) -> list[Path]:
    """Remove such files, for example checkpoints that were never stored.

    Returns:
        Their folders.
    """
    tidied = []
    for folder in sorted(runs_dir.glob("job_*/attempt-*")):
        # No process writes there: its processes have ended, and a worker that starts new ones would hold the job.
        if (
            any(folder.glob(f"**/{orphans.FILE}"))
            or directory.is_tidy(folder)
            or orphans.is_held(database, folder / orphans.FILE)
        ):
            continue
        directory.tidy(folder)
        tidied.append(folder)
    return tidied
