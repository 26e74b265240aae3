"""Unpacks the arrays of an uploaded archive into files that can be memory-mapped, under names of our own."""

import shutil
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from jobs.datasets.archives import Limits, members
from jobs.datasets.errors import InvalidDatasetError
from jobs.datasets.npz import SPLIT_NAMES, WHOLE_NAMES

# The API checked the archive against its limits at upload, and its SHA-256 has not changed since.
NO_LIMITS = Limits(entries=1 << 62, unpacked_bytes=1 << 62, ratio=1 << 62)


def holds_arrays(file: IO[bytes]) -> bool:
    """Return whether an archive is an ``.npz`` file."""
    first = next(members(file, NO_LIMITS), None)
    return first is not None and first.name.endswith(".npy")


def unpack_arrays(file: IO[bytes], folder: Path) -> dict[str, NDArray[Any]]:
    """Return each array of an ``.npz`` file, mapped from a file in ``folder``.

    Raises:
        InvalidDatasetError: The archive is damaged, or holds something else.
    """
    arrays = {}
    for member in members(file, NO_LIMITS):
        name = member.name.removesuffix(".npy")
        if name not in (*SPLIT_NAMES, *WHOLE_NAMES):
            raise InvalidDatasetError("wrong_names", f"it holds {member.name!r}")
        path = folder / f"{name}.npy"
        with path.open("wb") as writer:
            shutil.copyfileobj(member.reader, writer)
        arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
    return arrays
