"""Checks the arrays of an ``.npz`` file as streams: nothing is unpickled or held in memory whole."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from jobs.datasets.archives import Limits, Member, members
from jobs.datasets.errors import InvalidDatasetError
from jobs.datasets.facts import Facts

SPLIT_NAMES = ("x_train", "y_train", "x_val", "y_val")
WHOLE_NAMES = ("x", "y")
CHANNELS = (1, 3)
MOST_CLASSES = 100_000
MOST_TARGETS = 10_000
_CHUNK_BYTES = 1 << 20
_CHUNK_SAMPLES = 4096
_FLAT_DIM, _GREY_DIM, _IMAGE_DIM = 2, 3, 4


@dataclass(frozen=True, slots=True)
class Array:
    """The result of one pass over an array.

    ``counts`` are the samples of each class, ``[highest label + 1]``; None if the array holds no labels.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    counts: NDArray[np.int64] | None = None


def judge(file: IO[bytes], limits: Limits) -> Facts:
    """Check the arrays and return their facts.

    Raises:
        InvalidDatasetError: The archive, a name, a type, a shape or a value is invalid; the message says which.
    """
    arrays: dict[str, Array] = {}
    for member in members(file, limits):
        name = member.name.removesuffix(".npy")
        if name == member.name or name not in (*SPLIT_NAMES, *WHOLE_NAMES):
            raise _unknown([*arrays, name])
        arrays[name] = _read(name, member)
    return facts_of(arrays)


def facts_of(arrays: Mapping[str, Array]) -> Facts:
    """Check that the arrays go together, and return their facts.

    Raises:
        InvalidDatasetError: Some are missing, or they do not match.
    """
    if set(arrays) not in ({*SPLIT_NAMES}, {*WHOLE_NAMES}):
        raise _unknown(list(arrays))
    pairs = [(arrays[f"x{part}"], arrays[f"y{part}"]) for part in ("_train", "_val") if f"x{part}" in arrays]
    pairs = pairs or [(arrays["x"], arrays["y"])]
    for inputs, targets in pairs:
        if inputs.shape[0] != targets.shape[0]:
            raise InvalidDatasetError(
                "lengths_differ",
                f"{inputs.name} has {inputs.shape[0]} samples and {targets.name} has {targets.shape[0]}",
            )
    (x, y), (x_val, y_val) = pairs[0], pairs[-1]
    if x.shape[1:] != x_val.shape[1:] or (x.dtype == np.uint8) != (x_val.dtype == np.uint8):
        raise InvalidDatasetError("splits_differ", f"x_train is {_form(x)} and x_val is {_form(x_val)}")
    if y.shape[1:] != y_val.shape[1:] or (y.counts is None) != (y_val.counts is None):
        raise InvalidDatasetError("splits_differ", f"y_train is {_form(y)} and y_val is {_form(y_val)}")
    _check_classes(y, y_val, unsplit=len(pairs) == 1)
    return Facts(
        task="regression" if y.counts is None else "classification",
        samples=sum(targets.shape[0] for _, targets in pairs),
        train_samples=None if len(pairs) == 1 else y.shape[0],
        shape=sample_shape(x.shape),
        dtype="uint8" if x.dtype == np.uint8 else "float32",
        classes=None if y.counts is None else max(len(y.counts), 2),
        targets=None if y.counts is not None else (y.shape[1] if len(y.shape) > 1 else 1),
    )


def examine(name: str, values: NDArray[Any]) -> Array:
    """Check an array that is in memory or memory-mapped, a part at a time.

    Raises:
        InvalidDatasetError: Its type, its shape or a value is invalid.
    """
    is_target = name.startswith("y")
    (check_targets if is_target else check_inputs)(name, values.shape, values.dtype)
    counts = _Counts(name, labels=is_target and np.issubdtype(values.dtype, np.integer))
    for start in range(0, len(values), _CHUNK_SAMPLES):
        counts.add(np.asarray(values[start : start + _CHUNK_SAMPLES]).reshape(-1))
    return Array(name, values.shape, values.dtype, counts.found)


def sample_shape(shape: tuple[int, ...]) -> list[int]:
    """Return the shape of one input as models see it: ``[F]`` or ``[channels, height, width]``."""
    if len(shape) == _GREY_DIM:
        return [1, *shape[1:]]
    if has_channels_last(shape):
        return [shape[3], shape[1], shape[2]]
    return list(shape[1:])


def has_channels_last(shape: tuple[int, ...]) -> bool:
    """Return whether an array of images is ``[N, H, W, C]``."""
    return len(shape) == _IMAGE_DIM and shape[-1] in CHANNELS and shape[1] not in CHANNELS


def check_inputs(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse inputs of a wrong type or shape.

    Raises:
        InvalidDatasetError: They are not uint8 or float, or not ``[N, F]``, ``[N, H, W]`` or images with channels.
    """
    if dtype != np.uint8 and not _is_float(dtype):
        raise InvalidDatasetError("wrong_dtype", f"{name} must be uint8 or float, and is {dtype}")
    legal = len(shape) in (_FLAT_DIM, _GREY_DIM, _IMAGE_DIM) and 0 not in shape[1:]
    if len(shape) == _IMAGE_DIM and not {shape[1], shape[-1]} & {*CHANNELS}:
        legal = False
    if not legal:
        raise InvalidDatasetError(
            "wrong_shape",
            f"{name} must be [N, F], [N, H, W], [N, H, W, C] or [N, C, H, W] with C of 1 or 3, and is {list(shape)}",
        )
    _refuse_empty(name, shape)


def check_targets(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse targets of a wrong type or shape.

    Raises:
        InvalidDatasetError: They are neither integers ``[N]`` nor float ``[N]`` or ``[N, T]``.
    """
    is_float = _is_float(dtype)
    if not is_float and not np.issubdtype(dtype, np.integer):
        raise InvalidDatasetError(
            "wrong_dtype", f"{name} must be integers (classes) or float (numbers to predict), and is {dtype}"
        )
    if len(shape) != 1 and not (is_float and len(shape) == _FLAT_DIM and 1 <= shape[1] <= MOST_TARGETS):
        raise InvalidDatasetError(
            "wrong_shape",
            f"{name} must be [N] integers, or float [N] or [N, T] with T of 1 to {MOST_TARGETS}, and is {list(shape)}",
        )
    _refuse_empty(name, shape)


def check_values(name: str, values: NDArray[Any], *, labels: bool) -> None:
    """Refuse labels outside 0 to 99,999, and numbers that are not finite as float32.

    Raises:
        InvalidDatasetError: There is such a value; the message shows it.
    """
    if labels:
        wrong = values[(values < 0) | (values >= MOST_CLASSES)]
        if wrong.size:
            raise InvalidDatasetError(
                "label_out_of_range", f"{name} holds the label {wrong[0]}; labels go from 0 to {MOST_CLASSES - 1}"
            )
    elif values.dtype != np.uint8:
        with np.errstate(over="ignore"):
            finite = np.isfinite(values.astype(np.float32))
        if not finite.all():
            raise InvalidDatasetError(
                "not_finite", f"{name} holds {values[~finite][0]}; values must be finite, as float32"
            )


def _read(name: str, member: Member) -> Array:
    try:
        shape, dtype = _header(member.reader)
    except InvalidDatasetError:
        raise
    except Exception as error:  # numpy parses it as Python source, which can fail in many ways
        raise InvalidDatasetError("not_an_array", f"{name}.npy has no legal header: {error}") from error
    if dtype.hasobject:
        raise InvalidDatasetError("pickled", f"{name} holds pickled Python objects; it must hold numbers")
    is_target = name.startswith("y")
    (check_targets if is_target else check_inputs)(name, shape, dtype)
    counts = _Counts(name, labels=is_target and np.issubdtype(dtype, np.integer))
    for values in _chunks(name, member.reader, dtype, math.prod(shape)):
        counts.add(values)
    return Array(name, shape, dtype, counts.found)


class _Counts:
    """Checks the values of an array chunk by chunk, and counts labels."""

    def __init__(self, name: str, *, labels: bool) -> None:
        self._name = name
        self.found = np.zeros(0, np.int64) if labels else None

    def add(self, values: NDArray[Any]) -> None:
        check_values(self._name, values, labels=self.found is not None)
        if self.found is not None:
            more = np.bincount(values.astype(np.int64))
            longer, shorter = (more, self.found) if len(more) > len(self.found) else (self.found, more)
            longer[: len(shorter)] += shorter
            self.found = longer


def _header(reader: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(reader)
    if version != (1, 0):  # numpy writes this version for numbers; headers of later versions may claim gigabytes
        raise ValueError(f"version {version} is not (1, 0)")
    shape, _, dtype = np.lib.format.read_array_header_1_0(reader)
    if any(size < 0 for size in shape):
        raise ValueError(f"its shape is {shape}")
    return shape, dtype


def _chunks(name: str, reader: Any, dtype: np.dtype[Any], count: int) -> Iterator[NDArray[Any]]:
    a_chunk = max(_CHUNK_BYTES // dtype.itemsize, 1)
    while count:
        wanted = min(count, a_chunk) * dtype.itemsize
        read = reader.read(wanted)
        if len(read) < wanted:
            raise InvalidDatasetError("cut_off", f"{name}.npy ends before the last of its values")
        count -= wanted // dtype.itemsize
        yield np.frombuffer(read, dtype)
    if reader.read(1):
        raise InvalidDatasetError("not_an_array", f"{name}.npy goes on after the last of its values")


def _check_classes(y: Array, y_val: Array, *, unsplit: bool) -> None:
    if y.counts is None or y_val.counts is None:
        return
    if len(y_val.counts) > len(y.counts):
        raise InvalidDatasetError(
            "label_out_of_range",
            f"{y_val.name} holds the label {len(y_val.counts) - 1}; the highest in {y.name} is {len(y.counts) - 1}",
        )
    alone = np.flatnonzero(y.counts == 1)
    if unsplit and len(alone):
        raise InvalidDatasetError(
            "class_too_small", f"class {alone[0]} has one sample; each needs two, one to train and one to validate"
        )


def _is_float(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "f" and dtype.itemsize <= np.dtype(np.float64).itemsize


def _refuse_empty(name: str, shape: tuple[int, ...]) -> None:
    if shape[0] == 0:
        raise InvalidDatasetError("empty_array", f"{name} has no samples")


def _form(array: Array) -> str:
    return f"{array.dtype} {list(array.shape)}"


def _unknown(names: list[str]) -> InvalidDatasetError:
    return InvalidDatasetError(
        "wrong_names",
        f"the arrays must be {', '.join(SPLIT_NAMES)}, or {' and '.join(WHOLE_NAMES)}, and are {', '.join(names[:10])}",
    )
