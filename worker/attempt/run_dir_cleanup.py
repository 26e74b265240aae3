"""What attempts whose worker was killed have left in their run directories, beside the logs."""

from pathlib import Path

from jobs.database.session import Database
from worker.launch import orphans
from worker.rundir import directory


def tidy_attempts(database: Database, runs_dir: Path) -> list[Path]:
    """Remove it: checkpoints that nobody stored, say.

    Returns:
        Their folders.
    """
    tidied = []
    for folder in sorted(runs_dir.glob("job_*/attempt-*")):
        # Nobody writes there: its processes are gone, and who has yet to start some would hold its job.
        if (
            any(folder.glob(f"**/{orphans.FILE}"))
            or directory.is_tidy(folder)
            or orphans.is_held(database, folder / orphans.FILE)
        ):
            continue
        directory.tidy(folder)
        tidied.append(folder)
    return tidied
