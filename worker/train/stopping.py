"""How the supervisor asks a training to save and end: a file in the run directory. Loads nothing heavy."""

from pathlib import Path

STOP_FILE = "stop"


def ask_to_stop(run_dir: Path) -> None:
    """Ask; rank 0 looks at every exchange, and all ranks save and end at the same step."""
    (run_dir / STOP_FILE).touch()


def is_asked_to_stop(run_dir: Path) -> bool:
    """Whether someone asked."""
    return (run_dir / STOP_FILE).exists()
