"""Failures of ranks and of their watchers: one small file for each, which the supervisor reads."""

import errno
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jobs.database.records import FailureDocument
from jobs.status import Reason

# Which of several failures is the cause: one that a user can act on, then a rank that was lost, then whatever else
# broke, then what may only have followed, such as a broken connection to a rank that is gone, and last ranks that were
# told to end because another had failed.
_RANK_OF_CAUSE = {Reason.WORKER_LOST: 1, Reason.INTERNAL_ERROR: 2}
CONSEQUENCE, TERMINATED = 3, 4
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# A device or a file server that failed, or a host that ran out of descriptors or processes.
HOST_FAULTS = (
    errno.EIO, errno.EROFS, errno.ESTALE, errno.ENOTCONN, errno.EREMOTEIO, errno.ENODEV, errno.ENXIO, errno.EHOSTDOWN,
    errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.EAGAIN,
)  # fmt: skip
_RESERVED_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed.

    Attributes:
        reason: What that means for the job.
        message: What happened, for the user.
        place: In the order of causes, where that is not the one of its reason.
        device: Place, among the devices of the ranks on this host, of one that failed.
    """

    reason: Reason
    message: str
    place: int | None = None
    device: int | None = None

    def document(self) -> FailureDocument:
        """As a document; of several, that with the lowest ``rank_of_cause`` is the cause."""
        rank_of_cause = _RANK_OF_CAUSE.get(self.reason, 0) if self.place is None else self.place
        found = FailureDocument(reason=self.reason, message=self.message, rank_of_cause=rank_of_cause)
        if self.device is not None:
            found["device"] = self.device
        return found

    def write(self, run_dir: Path, source: int | str) -> None:
        """Write ``failure-<source>.json``, whole or not at all; the source is the number of a rank, or who noticed."""
        aside = _aside(run_dir, source)
        text = json.dumps(self.document()).encode()
        descriptor = os.open(aside, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        finally:
            os.close(descriptor)
        aside.rename(run_dir / f"failure-{source}.json")


def reserve(run_dir: Path, source: int) -> None:
    """Take room for the failure of a rank while there is some, so that it can say that the disk is full."""
    with suppress(OSError), _aside(run_dir, source).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, _RESERVED_BYTES)


def _aside(run_dir: Path, source: int | str) -> Path:
    return run_dir / f"failure-{source}.json.part"


def no_room(what: str, why: str | None) -> Failure:
    """The failure of a job for which a disk has no room.

    Args:
        what: Name of the file, if it is known.
        why: Words of the operating system.
    """
    where = f" ({what})" if what else ""
    return Failure(
        Reason.DISK_FULL,
        f"there is no room to store a file of this job{where}: {why}. Free space in the worker's data "
        "folder (artifacts/ and runs/ of CLR_DATA_DIR); the job goes on by itself",
    )


def of_a_file(error: OSError) -> Failure:
    """The failure that an error of the worker with a file of the job stands for."""
    if error.errno in NO_ROOM:
        return no_room(error.filename or "", error.strerror)
    return Failure(Reason.WORKER_LOST, f"the worker could not write or read a file: {error}")


def failure(reason: Reason, message: str) -> FailureDocument:
    """A failure as a document."""
    return Failure(reason, message).document()


def write_failure(run_dir: Path, source: int | str, reason: Reason, message: str) -> None:
    """Write down a failure."""
    Failure(reason, message).write(run_dir, source)


def failed_devices(folder: Path) -> set[int]:
    """Places, among the devices of a group of ranks, of those that failed."""
    found = (json.loads(path.read_text()) for path in folder.glob("failure-*.json"))
    return {failure["device"] for failure in found if "device" in failure}
