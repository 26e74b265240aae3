"""Untrusted zip and tar archives: every name and size is checked before a byte is unpacked.

Nothing is ever extracted under a name from the archive; members are read as streams. These are refused: absolute names
and names with ``..``, links and devices, encrypted or duplicate members, and archives that unpack to more than the
limits.
"""

import errno
import gzip
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from jobs.datasets.errors import InvalidDatasetError
from jobs.spec.image_limits import FREE_BYTES

MOST_NAME_CHARACTERS = 255
_CENTRAL_ENTRY_BYTES = 46 + 2 * MOST_NAME_CHARACTERS + 200  # of a zip's directory: header, name, extra fields
_END, _END64_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES, _MOST_COMMENT_BYTES, _LOCATOR_BYTES, _END64_BYTES = 22, 65_535, 20, 56
_HEADER_BYTES = 1 << 20
_ENCRYPTED = 0x1
_LET_OTHERS_EVERY, _LET_OTHERS_S = 8, 1e-4  # members
# All errors that zipfile, tarfile and gzip were seen to raise for archives with changed bytes.
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, struct.error, ValueError,
    NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on an unpacked archive.

    Attributes:
        entries: Maximum number of members.
        unpacked_bytes: Maximum total size of all members.
        ratio: Maximum unpacked bytes for each byte of the archive, if it unpacks to more than 10 MB.
    """

    entries: int
    unpacked_bytes: int
    ratio: int


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive: name, unpacked size and bytes. Read the bytes before you ask for the next member."""

    name: str
    size_bytes: int
    reader: "_Reader"


def members(file: IO[bytes], limits: Limits) -> Iterator[Member]:
    """Yield the files of an archive, without folders and without the files that macOS adds.

    Raises:
        InvalidDatasetError: It is no zip or tar, or breaks a rule. A zip is checked before the first member is yielded.
    """
    size_bytes = file.seek(0, 2)
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    if not start:
        raise InvalidDatasetError("empty_file", "the file is empty")
    found = _zip_members if start[:2] == b"PK" else _tar_members
    with _as_dataset_error():
        for number, (name, size, reader) in enumerate(found(file, limits, size_bytes)):
            if number % _LET_OTHERS_EVERY == 0:
                time.sleep(_LET_OTHERS_S)  # otherwise requests in other threads wait up to 5 ms for the interpreter
            if not _is_clutter(name):
                yield Member(name, size, _Reader(reader))


@contextmanager
def _as_dataset_error() -> Iterator[None]:
    """Turn any error that a damaged archive raises into an `InvalidDatasetError`."""
    try:
        yield
    except _DAMAGE as error:
        raise _broken_archive(error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a failing disk; a seek before the start of the file is the archive's fault
            raise
        raise _broken_archive(error) from error


def _broken_archive(error: Exception) -> InvalidDatasetError:
    return InvalidDatasetError("not_an_archive", f"the file is no whole .npz, .zip, .tar or .tar.gz archive: {error}")


class _Reader:
    """The bytes of a member. Errors of its checksum or compression become an `InvalidDatasetError` too."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes, or all that are left if it is negative."""
        with _as_dataset_error():
            return self._stream.read(size)


_Found = tuple[str, int, IO[bytes]]


def _zip_members(file: IO[bytes], limits: Limits, size_bytes: int) -> Iterator[_Found]:
    _check_directory(file, limits, size_bytes)
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        limit_check = _LimitCheck(limits, size_bytes)
        for info in infos:
            _check_zip_entry(info)
            limit_check.add(info.orig_filename, info.file_size)
        for info in infos:
            if not info.is_dir():
                with archive.open(info) as reader:
                    yield info.filename, info.file_size, reader


def _check_directory(file: IO[bytes], limits: Limits, size_bytes: int) -> None:
    """Refuse a zip whose directory is large before zipfile makes an object of each of its entries."""
    tail_bytes = min(size_bytes, _END_BYTES + _MOST_COMMENT_BYTES + _LOCATOR_BYTES)
    file.seek(size_bytes - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        raise zipfile.BadZipFile("it has no end record; is it cut off?")
    (directory_bytes,) = struct.unpack_from("<I", tail, at + 12)
    if at >= _LOCATOR_BYTES and tail[at - _LOCATOR_BYTES : at].startswith(_END64_LOCATOR):
        (where,) = struct.unpack_from("<Q", tail, at - _LOCATOR_BYTES + 8)
        file.seek(min(where, size_bytes))
        (directory_bytes,) = struct.unpack_from("<Q", file.read(_END64_BYTES), 40)
    file.seek(0)
    if directory_bytes > limits.entries * _CENTRAL_ENTRY_BYTES:
        raise _too_many(limits)


def _check_zip_entry(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise InvalidDatasetError("link", f"{_shown(name)} is a symbolic link; only files and folders are taken")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidDatasetError("not_a_file", f"{_shown(name)} is neither a file nor a folder")
    if info.flag_bits & _ENCRYPTED:
        raise InvalidDatasetError("encrypted", f"{_shown(name)} is encrypted; send the archive without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidDatasetError("compression", f"{_shown(name)} must be stored or deflated, not packed otherwise")


def _tar_members(file: IO[bytes], limits: Limits, size_bytes: int) -> Iterator[_Found]:
    start = file.read(2)
    file.seek(0)
    unpacked = gzip.GzipFile(fileobj=file) if start == b"\x1f\x8b" else file
    limit_check, stream = _LimitCheck(limits, size_bytes), _BoundedStream(unpacked)
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
        for info in archive:
            if info.issym() or info.islnk():
                raise InvalidDatasetError("link", f"{_shown(info.name)} is a link; only files and folders are taken")
            if not (info.isreg() or info.isdir()):
                raise InvalidDatasetError("not_a_file", f"{_shown(info.name)} is neither a file nor a folder")
            limit_check.add(info.name, info.size)
            stream.allow(info.size)
            reader = archive.extractfile(info)
            if info.isreg() and reader is not None:
                yield info.name, info.size, reader
            archive.members.clear()  # otherwise tarfile keeps a list of all members


class _BoundedStream:
    """A stream for tarfile, which reads headers of any length into memory: names and comments may claim gigabytes."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream = stream
        self._left = _HEADER_BYTES

    def allow(self, size_bytes: int) -> None:
        """Allow reading of a member of this size, and of the next headers."""
        self._left = size_bytes + _HEADER_BYTES

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes.

        Raises:
            ReadError: More is read than members and their headers can have.
        """
        self._left -= size
        if self._left < 0:
            raise tarfile.ReadError("a header is larger than any real one")
        return self._stream.read(size)


class _LimitCheck:
    """Checks the names of members, and their number and size against the limits."""

    def __init__(self, limits: Limits, archive_bytes: int) -> None:
        self._limits, self._archive_bytes = limits, archive_bytes
        self._names: set[str] = set()
        self._total = 0

    def add(self, name: str, size_bytes: int) -> None:
        """Count one more member, a folder too.

        Raises:
            InvalidDatasetError: Its name is illegal, or a limit is exceeded.
        """
        limits = self._limits
        _check_name(name)
        if name in self._names:
            raise InvalidDatasetError("duplicate_name", f"{_shown(name)} is in the archive more than once")
        self._names.add(name)
        self._total += size_bytes
        if len(self._names) > limits.entries:
            raise _too_many(limits)
        if self._total > limits.unpacked_bytes:
            raise InvalidDatasetError(
                "too_large_unpacked", f"the archive unpacks to more than the {limits.unpacked_bytes} bytes allowed"
            )
        if self._total > max(limits.ratio * self._archive_bytes, FREE_BYTES):
            raise InvalidDatasetError(
                "too_compressed",
                f"the archive unpacks to more than {limits.ratio} times its {self._archive_bytes} bytes",
            )


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or "\\" in name or name[1:2] == ":" or ".." in path.parts:
        raise InvalidDatasetError(
            "path_outside", f"{_shown(name)} must be a relative path with / between folders and without .."
        )
    if not path.parts or len(name) > MOST_NAME_CHARACTERS or not name.isprintable():
        raise InvalidDatasetError(
            "illegal_name", f"{_shown(name)} must be a printable name of 1 to {MOST_NAME_CHARACTERS} characters"
        )


def _is_clutter(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part != "." for part in PurePosixPath(name).parts)


def _too_many(limits: Limits) -> InvalidDatasetError:
    return InvalidDatasetError("too_many_entries", f"the archive has more than the {limits.entries} entries allowed")


def _shown(name: str) -> str:
    return repr(name if len(name) <= MOST_NAME_CHARACTERS else f"{name[:MOST_NAME_CHARACTERS]}…")
