"""Stored files of jobs, in a folder. A key is ``<job id>/<name>``; a file appears whole or not at all."""

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
    """What was stored: its key, its size and the SHA-256 of its bytes in hex."""

    key: str
    size_bytes: int
    sha256: str


class ArtifactStore:
    """Files under one folder.

    Args:
        root: The folder; made when the first file is stored.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def identity(self) -> str:
        """An id that whoever sees this store reads, made by the first who asks: two that read the same share a store.

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
                time.sleep(0.01)  # whoever made it is about to write it
        return path.read_text()

    def put(self, key: str, source: Path) -> StoredFile:
        """Copy a file into the store, written aside, flushed to disk and renamed.

        Raises:
            OSError: The file cannot be read or the store cannot be written (a full disk, say).
        """
        with source.open("rb") as reader:
            return self.write(key, reader)

    def write(self, key: str, reader: IO[bytes]) -> StoredFile:
        """Store all that is left to read, as `put` does.

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
        """The bytes of a file.

        Raises:
            FileNotFoundError: There is none of this key.
        """
        return self.path(key).open("rb")

    def fault(self, key: str, sha256: str) -> str | None:
        """Why a file is not what was stored, all of it read; None where it is."""
        try:
            with self.path(key).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return "its file is missing"
        except OSError as error:
            return f"its file cannot be read: {error.strerror or error}"
        return None if found == sha256 else "its file has another SHA-256 than was stored"

    def path(self, key: str) -> Path:
        """Where the file of a key lies.

        Raises:
            ValueError: The key would leave the store.
        """
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()):
            raise ValueError(f"key {key!r} leaves the artifact store")
        return path

    def keys_of(self, job_id: str) -> list[str]:
        """Keys of all files of a job, those half written with them."""
        folder = self.path(job_id)
        return [str(path.relative_to(folder.parent)) for path in sorted(folder.rglob("*")) if path.is_file()]

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is no error."""
        self.path(key).unlink(missing_ok=True)

    def delete_job(self, job_id: str) -> None:
        """Remove all files of a job."""
        shutil.rmtree(self.path(job_id), ignore_errors=True)
