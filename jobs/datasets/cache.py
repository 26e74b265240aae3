"""Where a worker keeps uploaded datasets: one folder for each content, named by its SHA-256."""

from pathlib import Path

ARCHIVE = "archive"


def folder_of(datasets_dir: Path, sha256: str) -> Path:
    """The folder of a content: the file as it was uploaded, and what was made of it."""
    return datasets_dir / "uploaded" / sha256
