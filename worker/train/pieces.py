"""The pieces of a job that groups of ranks share, its replicas say: a file each, made by whoever takes it.

Files of one folder, so that taking is atomic among the processes of a host. Loads nothing heavy.
"""

from pathlib import Path

FOLDER = "pieces"


def take(folder: Path, count: int) -> int | None:
    """Take the first of the pieces ``0 … count - 1`` that nobody has; None where none is left."""
    for number in range(count):
        try:
            (folder / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        return number
    return None


def left(folder: Path, count: int) -> int:
    """How many of ``count`` pieces nobody has taken yet."""
    return count - sum(1 for _ in folder.iterdir())
