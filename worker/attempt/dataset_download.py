"""Copies the file of an uploaded dataset from the artifact store to this worker's cache, and checks its SHA-256."""

import hashlib
import json
import secrets
from pathlib import Path
from typing import IO

from jobs.datasets.cache import ARCHIVE, STAMP, folder_of
from jobs.datasets.uploads import key_of
from jobs.errors import TrainingError
from jobs.files.artifacts import ArtifactStore
from jobs.spec.conditions import UploadedOptions
from jobs.status import Reason

_CHUNK_BYTES = 1 << 20


def fetch_dataset(dataset: UploadedOptions, store: ArtifactStore, datasets_dir: Path) -> None:
    """Have the file of an uploaded dataset in the cache, whole.

    A file in the cache that has changed is fetched again.

    Raises:
        TrainingError: The store lacks the file, or its content differs from that at submission.
        OSError: The cache cannot be written.
    """
    dataset_id, sha256 = dataset.id, str(dataset.sha256)
    folder = folder_of(datasets_dir, sha256)
    if _is_as_left(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{ARCHIVE}.{secrets.token_hex(4)}.part"
    try:
        found = _copy(dataset_id, store, aside)
        if found != sha256:
            raise TrainingError(
                Reason.INVALID_DATA,
                f"the stored file of dataset {dataset_id} is damaged or cut off: its SHA-256 is {found}, and {sha256} "
                "was uploaded. Delete the dataset, upload it again and submit the job with the new id",
            )
        aside.replace(folder / ARCHIVE)
    finally:
        aside.unlink(missing_ok=True)
    (folder / STAMP).write_text(json.dumps(_stamp(folder / ARCHIVE)))


def _copy(dataset_id: str, store: ArtifactStore, target: Path) -> str:
    digest = hashlib.sha256()
    try:
        reader: IO[bytes] = store.open(key_of(dataset_id))
    except FileNotFoundError as error:
        raise TrainingError(
            Reason.INVALID_DATA, f"the file of dataset {dataset_id} is not in the artifact store: upload it again"
        ) from error
    except OSError as error:
        raise _unreadable(dataset_id, error) from error
    with reader, target.open("wb") as writer:
        while chunk := _read(dataset_id, reader):
            digest.update(chunk)
            writer.write(chunk)
    return digest.hexdigest()


def _read(dataset_id: str, reader: IO[bytes]) -> bytes:
    try:
        return reader.read(_CHUNK_BYTES)
    except OSError as error:
        raise _unreadable(dataset_id, error) from error


def _unreadable(dataset_id: str, error: OSError) -> TrainingError:
    return TrainingError(
        Reason.INVALID_DATA,
        f"the stored file of dataset {dataset_id} cannot be read: {error.strerror or error}. Look at the disk of the "
        "artifact store; if the file is lost, upload it again and submit the job with the new id",
    )


def _stamp(path: Path) -> dict[str, int]:
    found = path.stat()
    return {"size_bytes": found.st_size, "changed_ns": found.st_mtime_ns}


def _is_as_left(folder: Path) -> bool:
    """Return whether the file is unchanged since it was checked. Hashing it for every job would take seconds."""
    try:
        return bool(json.loads((folder / STAMP).read_text()) == _stamp(folder / ARCHIVE))
    except (OSError, ValueError):
        return False
