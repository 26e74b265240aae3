"""Datasets in ``.npz`` files: arrays ``x_train, y_train, x_val, y_val``, or ``x, y`` that are split here."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import train_test_split

from jobs.errors import TrainingError
from jobs.status import Reason
from worker.train.data import Split

SPLIT_NAMES = ("x_train", "y_train", "x_val", "y_val")
WHOLE_NAMES = ("x", "y")
CHANNELS = (1, 3)
_GREY_DIM, _IMAGE_DIM, _FLAT_DIM = 3, 4, 2


def load_npz(path: Path, val_fraction: float) -> tuple[Split, Split]:
    """Read both splits.

    Inputs are ``[N, F]``, ``[N, H, W]``, ``[N, H, W, C]`` or ``[N, C, H, W]`` with 1 or 3 channels, uint8 or float;
    labels ``[N]`` integers from 0. Unsplit arrays are split by class, the same way every time.

    Raises:
        TrainingError: The file is missing or broken, or its arrays are not as above; the message says which.
    """
    arrays = _read(path)
    if all(name in arrays for name in SPLIT_NAMES):
        x_train, y_train, x_val, y_val = (arrays[name] for name in SPLIT_NAMES)
    elif all(name in arrays for name in WHOLE_NAMES):
        _check(path, arrays["x"], arrays["y"])
        x_train, x_val, y_train, y_val = _hold_back(path, arrays["x"], arrays["y"], val_fraction)
    else:
        raise _broken(path, f"it holds {sorted(arrays)}, and {SPLIT_NAMES} or {WHOLE_NAMES} are needed")
    train, val = _split(path, x_train, y_train), _split(path, x_val, y_val)
    if train.inputs.shape[1:] != val.inputs.shape[1:]:
        raise _broken(path, f"training inputs are {x_train.shape}, validation inputs {x_val.shape}")
    return train, val


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise TrainingError(Reason.INVALID_DATA, f"there is no file {path.name!r}: it is expected at {path}")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise _broken(path, f"{error}. Arrays must be numbers, saved with numpy.savez") from error


def _hold_back(path: Path, x: Any, y: Any, fraction: float) -> tuple[Any, Any, Any, Any]:
    try:
        x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=fraction, random_state=0, stratify=y)
    except ValueError as error:
        raise _broken(path, f"it cannot be split with val_fraction = {fraction}: {error}") from error
    return x_train, x_val, y_train, y_val


def _check(path: Path, x: Any, y: Any) -> None:
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        raise _broken(path, f"labels must be integers of shape [N], and are {y.dtype} of {list(y.shape)}")
    if len(x) != len(y):
        raise _broken(path, f"it has {len(x)} inputs and {len(y)} labels")
    if x.ndim not in (_FLAT_DIM, _GREY_DIM, _IMAGE_DIM):
        raise _broken(path, f"inputs must be [N, F], [N, H, W] or images with channels, and are {list(x.shape)}")
    if x.dtype != np.uint8 and not np.issubdtype(x.dtype, np.floating):
        raise _broken(path, f"inputs must be uint8 or float, and are {x.dtype}")
    if x.dtype != np.uint8 and not np.isfinite(x).all():
        raise _broken(path, "inputs hold NaN or infinity")


def _split(path: Path, x: Any, y: Any) -> Split:
    _check(path, x, y)
    inputs = torch.from_numpy(np.ascontiguousarray(x if x.dtype == np.uint8 else x.astype(np.float32)))
    if inputs.dim() == _GREY_DIM:
        inputs = inputs.unsqueeze(1)
    elif inputs.dim() == _IMAGE_DIM and inputs.shape[-1] in CHANNELS and inputs.shape[1] not in CHANNELS:
        inputs = inputs.permute(0, 3, 1, 2).contiguous()
    return Split(inputs, torch.from_numpy(y.astype(np.int64)))


def _broken(path: Path, why: str) -> TrainingError:
    return TrainingError(Reason.INVALID_DATA, f"{path.name} is not usable: {why}")
