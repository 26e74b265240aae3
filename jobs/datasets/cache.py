"""The folders of uploaded datasets on a worker: one for each content, named by its SHA-256."""

from pathlib import Path

from jobs.spec.conditions import UploadedOptions

ARCHIVE = "archive"
STAMP = "archive.json"  # the file's state when it was last checked


def uploaded_in(datasets_dir: Path) -> Path:
    """Return the folder of all uploaded datasets."""
    return datasets_dir / "uploaded"


def folder_of(datasets_dir: Path, sha256: str) -> Path:
    """Return the folder of a content: the uploaded file, and the arrays prepared from it."""
    return uploaded_in(datasets_dir) / sha256


def prepared_of(folder: Path, options: UploadedOptions) -> Path:
    """Return the subfolder with the arrays that were prepared for some options."""
    return folder / f"val-{options.val_fraction!r}-size-{options.image_size}"
