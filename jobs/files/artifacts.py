"""Stored files of jobs, in a folder. A key is ``<job id>/<name>``; writes are atomic."""

import hashlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

IDENTITY = ".store-id"
_CHUNK_BYTES = 1 << 20
_WRITTEN_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file: its key, its size, and the SHA-256 of its bytes in hex."""

    key: str
    size_bytes: int
    sha256: str


class ArtifactStore:
    """Files under one folder.

    Args:
        root: The folder; it is created with the first file.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def identity(self) -> str:
        """Return the id of this store, and create it on the first call. Workers that read the same id share a store.

        Raises:
            OSError: The store cannot be read or written.
        """
        path = self._root / IDENTITY
        self._root.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x") as file:
                file.write(secrets.token_hex(16))
        except FileExistsError:
            deadline = time.monotonic() + _WRITTEN_WITHIN_S
            while not path.read_text() and time.monotonic() < deadline:
                time.sleep(0.01)  # another process has created the file and is about to write it
        return path.read_text()

    def put(self, key: str, source: Path) -> StoredFile:
        """Copy a file into the store: write a temporary file, flush it to disk and rename it.

        Raises:
            OSError: The file cannot be read or the store cannot be written (a full disk, say).
        """
        with source.open("rb") as reader:
            return self.write(key, reader)

    def write(self, key: str, reader: IO[bytes]) -> StoredFile:
        """Store the rest of a stream, as `put` does.

        Raises:
            OSError: The store cannot be written.
        """
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f"{target.name}.{os.getpid()}.part")
        digest, size = hashlib.sha256(), 0
        try:
            with aside.open("wb") as writer:
                while chunk := reader.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    size += len(chunk)
                    writer.write(chunk)
                writer.flush()
                os.fsync(writer.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        return StoredFile(key, size, digest.hexdigest())

    def open(self, key: str) -> IO[bytes]:
        """Open a file for reading.

        Raises:
            FileNotFoundError: There is no file with this key.
        """
        return self.path(key).open("rb")

    def fault(self, key: str, sha256: str) -> str | None:
        """Read a whole file and say how it differs from what was stored; None if it does not."""
        try:
            with self.path(key).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return "its file is missing"
        except OSError as error:
            return f"its file cannot be read: {error.strerror or error}"
        return None if found == sha256 else "its file has another SHA-256 than was stored"

    def path(self, key: str) -> Path:
        """Return the path of a key's file.

        Raises:
            ValueError: The key points outside the store.
        """
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise ValueError(f"key {key!r} leaves the artifact store")
        return path

    def keys_of(self, job_id: str) -> list[str]:
        """Return the keys of all files of a job, including half-written ones."""
        folder = self.path(job_id)
        return [str(path.relative_to(folder.parent)) for path in sorted(folder.rglob("*")) if path.is_file()]

    def delete(self, key: str) -> None:
        """Remove a file. A missing file is no error."""
        self.path(key).unlink(missing_ok=True)

    def delete_job(self, job_id: str) -> None:
        """Remove all files of a job."""
        shutil.rmtree(self.path(job_id), ignore_errors=True)
