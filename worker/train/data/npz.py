"""Datasets of arrays ``x_train, y_train, x_val, y_val``, or ``x, y``, which are split here; also ``.npz`` files."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from jobs.datasets.errors import InvalidDatasetError
from jobs.datasets.npz import SPLIT_NAMES, WHOLE_NAMES, examine, facts_of, has_channels_last
from jobs.errors import TrainingError
from jobs.status import Reason
from worker.train.data.held_back import hold_back_rows
from worker.train.data.splits import Split

_GREY_DIM = 3


def load_npz(path: Path, val_fraction: float) -> tuple[Split, Split]:
    """Read both splits of a file.

    Raises:
        TrainingError: The file is missing or broken, or its arrays are invalid; the message says which.
    """
    if not path.is_file():
        raise TrainingError(Reason.INVALID_DATA, f"there is no file {path.name!r}: it is expected at {path}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise broken(path.name, f"{error}. Arrays must be numbers, saved with numpy.savez") from error
    return splits_of(path.name, arrays, val_fraction)


def splits_of(source: str, arrays: Mapping[str, NDArray[Any]], val_fraction: float) -> tuple[Split, Split]:
    """Return both splits of arrays. Mapped arrays stay mapped if they have the right form already.

    Inputs are ``[N, F]``, ``[N, H, W]``, ``[N, H, W, C]`` or ``[N, C, H, W]`` with 1 or 3 channels, uint8 or float;
    targets ``[N]`` integers from 0 (classes), or float ``[N]`` or ``[N, T]`` (numbers to predict). Unsplit classes are
    split by class, the same way every time.

    Raises:
        TrainingError: The arrays are invalid; the message names ``source`` and the fault.
    """
    known = {name: values for name, values in arrays.items() if name in (*SPLIT_NAMES, *WHOLE_NAMES)}
    if not known:
        raise broken(source, f"it holds {sorted(arrays)}; {', '.join(SPLIT_NAMES)} or x, y are needed")
    try:
        facts_of({name: examine(name, values) for name, values in known.items()})
    except InvalidDatasetError as error:
        raise broken(source, str(error)) from error
    if "x" not in arrays:
        train, val = ((arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "val"))
    else:
        kept, held = hold_back(source, arrays["y"], val_fraction)
        train, val = ((arrays["x"][rows], arrays["y"][rows]) for rows in (kept, held))
    return _split(*train), _split(*val)


def hold_back(source: str, targets: NDArray[Any], fraction: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the rows of the training and validation split, ``[…] int64``, stratified by class.

    Raises:
        TrainingError: There are too few samples to split.
    """
    classes = targets if np.issubdtype(targets.dtype, np.integer) else None
    try:
        return hold_back_rows(len(targets), fraction, classes)
    except ValueError as error:
        raise broken(source, f"it cannot be split with val_fraction = {fraction}: {error}") from error


def model_inputs(values: NDArray[Any]) -> NDArray[Any]:
    """Return inputs as models take them: uint8 or float32, channels first. They are copied only if necessary."""
    if len(values.shape) == _GREY_DIM:
        values = values[:, None]
    elif has_channels_last(values.shape):
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values, dtype=np.uint8 if values.dtype == np.uint8 else np.float32)


def model_targets(values: NDArray[Any]) -> NDArray[Any]:
    """Return targets as objectives take them: ``[N] int64`` or ``[N, T] float32``."""
    if np.issubdtype(values.dtype, np.integer):
        return np.ascontiguousarray(values, dtype=np.int64)
    return np.ascontiguousarray(values.reshape(len(values), -1), dtype=np.float32)


def broken(source: str, why: str) -> TrainingError:
    """Return the error for data that cannot be used."""
    return TrainingError(Reason.INVALID_DATA, f"{source} is not usable: {why}")


def _split(x: NDArray[Any], y: NDArray[Any]) -> Split:
    return Split(torch.from_numpy(model_inputs(x)), torch.from_numpy(model_targets(y)))
