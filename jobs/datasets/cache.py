"""The folders of uploaded datasets on a worker: one for each content, named by its SHA-256."""

from pathlib import Path

from jobs.spec.conditions import UploadedOptions

ARCHIVE = "archive"
STAMP = "archive.json"  # how the file was left when it was checked


def uploaded_in(datasets_dir: Path) -> Path:
    """The folder of all of them."""
    return datasets_dir / "uploaded"


def folder_of(datasets_dir: Path, sha256: str) -> Path:
    """The folder of a content: the file as it was uploaded, and what was made of it."""
    return uploaded_in(datasets_dir) / sha256


def prepared_of(folder: Path, options: UploadedOptions) -> Path:
    """The folder, in that of a content, of what was made of it for some options."""
    return folder / f"val-{options.val_fraction!r}-size-{options.image_size}"
