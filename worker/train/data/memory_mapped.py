"""Uploaded datasets, prepared once and then memory-mapped: arrays in the form that models take, and their statistics.

The first rank that needs a dataset with some options prepares it while others wait; later jobs on this host reuse it.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from jobs.datasets.cache import ARCHIVE, STAMP, folder_of, prepared_of
from jobs.datasets.errors import InvalidDatasetError
from jobs.errors import TrainingError
from jobs.spec.conditions import UploadedOptions
from jobs.spec.image_limits import ImageLimits
from jobs.status import Reason
from worker.train.data.image_folder import unpack_images
from worker.train.data.npz import broken, hold_back, model_inputs, model_targets
from worker.train.data.splits import Split, Statistics, measure
from worker.train.data.statistics import statistics_from, statistics_to
from worker.train.data.unpack import NO_LIMITS, holds_arrays, unpack_arrays

_NAMES = ("x_train", "y_train", "x_val", "y_val")
_CHUNK = 4096


def load_uploaded(
    options: UploadedOptions, datasets_dir: Path, limits: ImageLimits | None = None
) -> tuple[Split, Split, Statistics]:
    """Return both splits as mapped files, and the statistics of the training split.

    Raises:
        TrainingError: The data cannot be used, for example because an image cannot be decoded or limits are exceeded.
    """
    assert options.sha256 is not None  # noqa: S101 - written in when the job was submitted
    folder = folder_of(datasets_dir, options.sha256)
    ready = prepared_of(folder, options)
    with _locked(folder):
        if not _is_whole(ready):
            _prepare(folder, ready, options, limits)
    # Mapped copy-on-write: torch needs writable memory, although nothing is ever written.
    arrays = [torch.from_numpy(np.load(ready / f"{name}.npy", mmap_mode="c")) for name in _NAMES]
    document = json.loads((ready / "ready.json").read_text())
    return Split(*arrays[:2]), Split(*arrays[2:]), statistics_from(document["statistics"])


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process of this host in at a time. The kernel frees the lock of a process that dies."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_whole(ready: Path) -> bool:
    try:
        left = json.loads((ready / "ready.json").read_text())["files"]
        return all(_as_left(ready / name) == stamp for name, stamp in left.items())
    except (OSError, ValueError, KeyError):
        return False


def _as_left(path: Path) -> list[int]:
    """Return size and modification time, which detect a truncated or changed file. Hashing would take too long."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _refuse_damaged_archive(folder: Path, options: UploadedOptions) -> None:
    with (folder / ARCHIVE).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == options.sha256:
            return
    (folder / STAMP).unlink(missing_ok=True)  # so that the next attempt downloads it again
    raise TrainingError(
        Reason.WORKER_LOST, f"this worker's copy of dataset {options.id} is damaged: it is fetched again"
    )


def _prepare(folder: Path, ready: Path, options: UploadedOptions, limits: ImageLimits | None) -> None:
    aside = folder / f"{ready.name}.part"
    for left in (aside, ready):
        shutil.rmtree(left, ignore_errors=True)
    raw = aside / "raw"
    raw.mkdir(parents=True)
    source = f"dataset {options.id}"
    try:
        _refuse_damaged_archive(folder, options)
        _write_splits(source, _unpack(folder, raw, options, limits), aside, options.val_fraction)
        shutil.rmtree(raw)
        _seal(aside)
        aside.rename(ready)
    except InvalidDatasetError as error:
        raise broken(source, str(error)) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _unpack(folder: Path, raw: Path, options: UploadedOptions, limits: ImageLimits | None) -> dict[str, NDArray[Any]]:
    with (folder / ARCHIVE).open("rb") as file:
        if holds_arrays(file):
            return unpack_arrays(file, raw)
        return unpack_images(file, raw, options.image_size, NO_LIMITS, limits)


def _write_splits(source: str, arrays: dict[str, NDArray[Any]], target: Path, val_fraction: float) -> None:
    if "x" in arrays:
        kept, held = hold_back(source, arrays["y"], val_fraction)
        parts = {"train": (arrays["x"], arrays["y"], kept), "val": (arrays["x"], arrays["y"], held)}
    else:
        parts = {
            part: (arrays[f"x_{part}"], arrays[f"y_{part}"], np.arange(len(arrays[f"y_{part}"])))
            for part in ("train", "val")
        }
    for part, (x, y, rows) in parts.items():
        first = model_inputs(x[rows[:1]])
        inputs = open_memmap(target / f"x_{part}.npy", "w+", first.dtype, (len(rows), *first.shape[1:]))
        for start in range(0, len(rows), _CHUNK):
            chosen = rows[start : start + _CHUNK]
            inputs[start : start + _CHUNK] = model_inputs(x[chosen])
        inputs.flush()
        np.save(target / f"y_{part}.npy", model_targets(np.asarray(y)[rows]))


def _seal(folder: Path) -> None:
    """Write the statistics, and the state of the files, by which a damaged file is detected."""
    x, y = (torch.from_numpy(np.load(folder / f"{name}_train.npy", mmap_mode="c")) for name in ("x", "y"))
    files = {path.name: _as_left(path) for path in folder.iterdir()}
    document = {"files": files, "statistics": statistics_to(measure(Split(x, y)))}
    (folder / "ready.json").write_text(json.dumps(document))
