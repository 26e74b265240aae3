"""The folder of a local stack: it is private, and only one `clr up` at a time can use it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clr_client.errors import StackUsageError

LOCK = "clr-up.lock"


def make_folder(folder: Path) -> Path:
    """Create a folder that only its owner can read, and missing parents; leave an existing one as it is.

    Raises:
        StackUsageError: If the folder cannot be created.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StackUsageError(f"Cannot create the data folder {folder}: {error.strerror}") from error
    return folder


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Lock a folder while the context is open; the kernel releases the lock if this process dies.

    Raises:
        StackUsageError: If another process holds it, or it cannot be written to.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StackUsageError(f"Cannot write to the data folder {folder}: {error.strerror}") from error
    try:
        _lock(descriptor, folder)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        raise StackUsageError(
            f"Another `clr up` (process {holder}) uses the folder {folder}. "
            "Stop it, or choose another folder with --data-dir."
        ) from error
