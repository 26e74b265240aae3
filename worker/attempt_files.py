"""What attempts whose worker was killed have left in their run directories, beside the logs."""

from pathlib import Path

from jobs.database.session import Database
from worker import leftovers, rundir


def tidy_attempts(database: Database, runs_dir: Path) -> list[Path]:
    """Remove it: checkpoints that nobody stored, say.

    Returns:
        Their folders.
    """
    tidied = []
    for folder in sorted(runs_dir.glob("job_*/attempt-*")):
        # Nobody writes there: its processes are gone, and who has yet to start some would hold its job.
        if (
            any(folder.glob(f"**/{leftovers.FILE}"))
            or rundir.is_tidy(folder)
            or leftovers.is_held(database, folder / leftovers.FILE)
        ):
            continue
        rundir.tidy(folder)
        tidied.append(folder)
    return tidied
