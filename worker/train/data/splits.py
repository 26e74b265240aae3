"""Data: the splits for training and validation, resident on the device or streamed to it."""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from jobs.errors import TrainingError
from jobs.status import Reason

_CHUNK = 4096
IMAGE_DIM = 4  # [N, C, H, W]

Task = Literal["classification", "regression"]


@dataclass(frozen=True, slots=True)
class Split:
    """Inputs ``[N, C, H, W]`` or ``[N, F]`` (uint8 or float32); targets ``[N] int64`` classes or ``[N, T] float32``."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def size_bytes(self) -> int:
        """Size of both tensors in bytes."""
        return self.inputs.nbytes + self.targets.nbytes

    def to(self, device: torch.device) -> "Split":
        """Return the split on a device."""
        return Split(self.inputs.to(device), self.targets.to(device))


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean and standard deviation over the training split; a deviation of 0 is taken as 1.

    ``mean`` and ``std`` are ``[C, 1, 1]`` for images and ``[]`` for features; ``target_mean`` and ``target_std`` are
    ``[T]`` for regression and None for classes. All float32.
    """

    mean: Tensor
    std: Tensor
    target_mean: Tensor | None = None
    target_std: Tensor | None = None

    def to(self, device: torch.device) -> "Statistics":
        """Return the statistics on a device."""
        target_mean, target_std = (t if t is None else t.to(device) for t in (self.target_mean, self.target_std))
        return Statistics(self.mean.to(device), self.std.to(device), target_mean, target_std)


@dataclass(frozen=True, slots=True)
class Data:
    """Both splits and the statistics that normalise them.

    Attributes:
        train: The training split, on the device if ``resident``, else in host memory or in a mapped file.
        val: The validation split, likewise.
        statistics: Statistics of the training split, on the device.
        classes: Number of classes; 0 for regression.
        resident: Whether the splits are on the device.
        ready: Whether the splits hold normalised inputs and targets already, as resident float data does.
        stream_workers: Processes that read ahead if they are not resident.
    """

    train: Split
    val: Split
    statistics: Statistics
    classes: int
    resident: bool = True
    ready: bool = False
    stream_workers: int = 0

    @property
    def task(self) -> Task:
        """What is predicted: a class, or numbers."""
        return "classification" if self.classes else "regression"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return tuple(self.train.inputs.shape[1:])

    def normalised(self, inputs: Tensor) -> Tensor:
        """Return inputs as float32 with mean 0 and standard deviation 1 over the training split."""
        if self.ready:
            return inputs
        own = inputs.to(torch.float32, copy=True)
        return own.sub_(self.statistics.mean).mul_(self.statistics.std.reciprocal())

    def normalised_targets(self, targets: Tensor) -> Tensor:
        """Return regression targets with mean 0 and standard deviation 1 over the training split; classes unchanged."""
        mean, std = self.statistics.target_mean, self.statistics.target_std
        if self.ready or mean is None or std is None:
            return targets
        return (targets - mean).mul_(std.reciprocal())

    def made_ready(self) -> "Data":
        """Return the data, normalised in advance if it is float and resident.

        Images of uint8 stay at a quarter of the size and are normalised batch by batch.
        """
        if self.ready or not self.resident or not self.train.inputs.is_floating_point():
            return self
        splits = [
            Split(self.normalised(split.inputs), self.normalised_targets(split.targets))
            for split in (self.train, self.val)
        ]
        return replace(self, train=splits[0], val=splits[1], ready=True)


def measure(train: Split) -> Statistics:
    """Compute mean and standard deviation of a training split, with sums in float64."""
    mean, std = _moments(train.inputs, images=train.inputs.dim() == IMAGE_DIM)
    if not train.targets.is_floating_point():
        return Statistics(mean, std)
    target_mean, target_std = _moments(train.targets, images=False, by_column=True)
    return Statistics(mean, std, target_mean, target_std)


def check(train: Split, val: Split) -> None:
    """Refuse data that cannot be trained on.

    Raises:
        TrainingError: A split is empty, the splits do not match, or a label is negative.
    """
    for name, split in (("training", train), ("validation", val)):
        if len(split) == 0:
            raise TrainingError(Reason.INVALID_DATA, f"the {name} split is empty")
        if not split.targets.is_floating_point() and int(split.targets.min()) < 0:
            raise TrainingError(Reason.INVALID_DATA, f"the {name} split has the label {int(split.targets.min())}")
    if train.inputs.shape[1:] != val.inputs.shape[1:] or train.targets.shape[1:] != val.targets.shape[1:]:
        raise TrainingError(
            Reason.INVALID_DATA,
            f"one training sample is {_shapes(train)}, and one validation sample is {_shapes(val)}",
        )


def place(
    train: Split, val: Split, device: torch.device, *, budget_bytes: int | None = None, stream_workers: int = 0,
    statistics: Statistics | None = None,
) -> Data:  # fmt: skip
    """Put checked splits on the device, or leave them where they are if they are larger than ``budget_bytes``."""
    check(train, val)
    classes = 0 if train.targets.is_floating_point() else max(_highest(train), _highest(val), 1) + 1
    statistics = (statistics or measure(train)).to(device)
    size_bytes = train.size_bytes + val.size_bytes
    if budget_bytes is not None and size_bytes > budget_bytes:
        return Data(train, val, statistics, classes, resident=False, stream_workers=stream_workers)
    return Data(train.to(device), val.to(device), statistics, classes).made_ready()


def _highest(split: Split) -> int:
    return int(split.targets.max())


def _shapes(split: Split) -> str:
    inputs, targets = (" x ".join(map(str, t.shape[1:])) or "one number" for t in (split.inputs, split.targets))
    return f"{inputs} with targets of {targets}"


def _moments(values: Tensor, *, images: bool, by_column: bool = False) -> tuple[Tensor, Tensor]:
    axes = (0, 2, 3) if images else (0,) if by_column else tuple(range(values.dim()))
    groups = values.shape[1] if images or by_column else 1
    count = values.numel() / groups
    total = squares = torch.zeros((), dtype=torch.float64)
    for chunk in values.split(_CHUNK):
        total = total + chunk.double().sum(axes)
        squares = squares + chunk.double().square().sum(axes)
    mean = total / count
    std = (squares / count - mean.square()).clamp_min(0).sqrt()
    std = torch.where(std > 0, std, torch.ones_like(std))
    shape = (-1, 1, 1) if images else (-1,) if by_column else ()
    return mean.float().reshape(shape), std.float().reshape(shape)
