"""Control files between the processes of an attempt: a request to stop, and the pieces that are taken.

Several groups of ranks may work on one job at the same time, each on a piece of it, such as a replica of a range test.
Whoever takes a piece makes its file. Loads nothing heavy.
"""

from pathlib import Path
from typing import Final

STOP_FILE: Final = "stop"
PIECES_FOLDER: Final = "pieces"


def ask_to_stop(run_dir: Path) -> None:
    """Ask a training to save and end: rank 0 looks at every exchange, and all ranks end at the same step."""
    (run_dir / STOP_FILE).touch()


def is_asked_to_stop(run_dir: Path) -> bool:
    """Whether someone asked."""
    return (run_dir / STOP_FILE).exists()


def take_piece(folder: Path, count: int) -> int | None:
    """Take the first of the pieces ``0 … count - 1`` that nobody has; returns None if none is left."""
    for number in range(count):
        try:
            (folder / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        return number
    return None


def pieces_left(folder: Path, count: int) -> int:
    """How many of ``count`` pieces nobody has taken yet."""
    return count - sum(1 for _ in folder.iterdir())
