"""The cache of uploaded datasets on this worker. Attempts lock datasets in use; unused ones are removed, oldest first.

The folder of a content (`jobs.datasets.cache`) holds the archive, and one folder for each set of options that it was
prepared with. Beside each of these folders is a file ``NAME.use``. An attempt locks it while it runs, and its
modification time is the time of last use. The kernel frees the lock of a process that dies. So workers that share the
folder see which datasets the others use.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import select

from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.database.tables.service import Dataset
from jobs.datasets.cache import folder_of, prepared_of, uploaded_in
from jobs.files.artifacts import ArtifactStore
from jobs.spec import conditions
from jobs.spec.conditions import UploadedDataset
from worker.attempt.dataset_download import fetch_dataset

log = logging.getLogger(__name__)

_PART = ".part"  # suffix of a folder that is being prepared
_BLOCK_BYTES = 512  # st_blocks counts in these; proc(5), stat(2)


@contextmanager
def in_use(dataset: conditions.Dataset, store: ArtifactStore, settings: Settings) -> Iterator[None]:
    """Keep an uploaded dataset in the cache until the block ends; other datasets need nothing. See `fetch_dataset`."""
    if not isinstance(dataset, UploadedDataset):
        yield
        return
    options = dataset.options
    folder = folder_of(settings.datasets_dir, str(options.sha256))
    try:
        with _held(folder), _held(prepared_of(folder, options)):
            fetch_dataset(options, store, settings.datasets_dir)
            yield
    finally:
        try:
            trim(folder.parent, settings.dataset_cache_bytes)
        except OSError:
            log.warning("could not make room in %s", folder.parent, exc_info=True)


def clean(database: Database, settings: Settings) -> None:
    """Remove datasets that SQL does not have (any more), and datasets beyond the size limit.

    Raises:
        OSError: A folder cannot be read.
        SQLAlchemyError: SQL does not answer.
    """
    uploaded = uploaded_in(settings.datasets_dir)
    remove_unknown(database, uploaded)
    trim(uploaded, settings.dataset_cache_bytes)


def remove_unknown(database: Database, uploaded: Path) -> list[str]:
    """Remove the folders of datasets that no longer exist, unless an attempt uses them.

    Returns:
        The SHA-256 of each removed dataset.
    """
    found = [folder for folder in _folders(uploaded) if folder.parent == uploaded]
    with database.read() as session:
        known = set(session.scalars(select(Dataset.sha256)))
    return [folder.name for folder in found if folder.name not in known and _remove(folder)]


def trim(uploaded: Path, most_bytes: int) -> list[Path]:
    """Remove the least recently used folders until the rest fits the limit. Folders in use stay.

    Returns:
        The removed folders.
    """
    excess, removed = _bytes(uploaded) - most_bytes, []
    for folder in sorted(_folders(uploaded), key=_used_at) if excess > 0 else []:
        if excess > 0 and (freed := _remove(folder)):
            excess -= freed
            removed.append(folder)
    return removed


def _folders(uploaded: Path) -> list[Path]:
    """Return the removable folders: prepared folders, each before the folder of its content."""
    found = []
    for folder in (path for path in uploaded.glob("*") if path.is_dir()):
        prepared = {path.with_name(path.name.removesuffix(_PART)) for path in folder.glob("*") if path.is_dir()}
        found += [*sorted(prepared), folder]
    return found


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.use")


def _used_at(folder: Path) -> float:
    for path in (_lock_of(folder), folder):
        with suppress(FileNotFoundError):
            return path.stat().st_mtime
    return 0.0


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock a folder, so that no other process removes it."""
    with _locked(_lock_of(folder), fcntl.LOCK_SH) as file:
        try:
            os.utime(file.fileno())
            yield
        finally:
            os.utime(file.fileno())


def _locked(path: Path, how: int) -> IO[str]:
    """Lock a file and check that it still has its name, since a process that removes a folder also removes its lock."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the folder was removed in between
            file = path.open("a+")
            try:
                fcntl.flock(file, how)
                if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                    return file
            except BaseException:
                file.close()
                raise
            file.close()


def _remove(folder: Path) -> int:
    """Remove a folder that no attempt uses.

    Returns:
        How many bytes were freed; 0 if the folder is in use or does not exist.
    """
    aside = folder.with_name(folder.name + _PART)
    if not (folder.exists() or aside.exists()):
        return 0
    lock = _lock_of(folder)
    try:
        file = _locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    with file:
        size = _bytes(folder) + _bytes(aside)
        for path in (folder, aside):
            shutil.rmtree(path, ignore_errors=True)
        lock.unlink(missing_ok=True)
        log.info("%s is removed, %s bytes", folder, size)
        return size - _bytes(folder) - _bytes(aside)


def _bytes(folder: Path) -> int:
    """Return the disk usage of a folder; files that vanish meanwhile count as 0."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(parent) / name).stat().st_blocks * _BLOCK_BYTES
    return total
