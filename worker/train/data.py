"""Data in memory: what models are trained on and validated with."""

from dataclasses import dataclass

import torch
from torch import Tensor

from jobs.errors import TrainingError
from jobs.status import Reason

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Split:
    """Inputs ``[N, C, H, W]`` or ``[N, F]`` (uint8 or float32) and class labels ``[N] int64``."""

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Data:
    """Both splits on the device, and the statistics of the training inputs that normalise them.

    ``mean`` and ``std`` have one entry for each channel (for each dataset, where there are no channels).
    """

    train: Split
    val: Split
    classes: int
    mean: Tensor
    std: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return tuple(self.train.inputs.shape[1:])

    def normalised(self, inputs: Tensor) -> Tensor:
        """Inputs as float32 with mean 0 and standard deviation 1 over the training split."""
        return (inputs.float() - self.mean) / self.std


def on_device(train: Split, val: Split, device: torch.device) -> Data:
    """Check both splits, measure the training inputs and move everything to the device.

    Raises:
        TrainingError: A split is empty, or a label is negative.
    """
    for name, split in (("training", train), ("validation", val)):
        if len(split) == 0:
            raise TrainingError(Reason.INVALID_DATA, f"the {name} split is empty")
        if int(split.labels.min()) < 0:
            raise TrainingError(Reason.INVALID_DATA, f"the {name} split has the label {int(split.labels.min())}")
    classes = int(max(train.labels.max(), val.labels.max())) + 1
    mean, std = _statistics(train.inputs)
    return Data(
        Split(train.inputs.to(device), train.labels.to(device)),
        Split(val.inputs.to(device), val.labels.to(device)),
        max(classes, 2), mean.to(device), std.to(device),
    )  # fmt: skip


def _statistics(inputs: Tensor) -> tuple[Tensor, Tensor]:
    images = inputs.dim() == 4  # noqa: PLR2004 - [N, C, H, W]
    axes = (0, 2, 3) if images else tuple(range(inputs.dim()))
    count = inputs.numel() / (inputs.shape[1] if images else 1)
    total = squares = torch.zeros((), dtype=torch.float64)
    for chunk in inputs.split(_CHUNK):
        total = total + chunk.double().sum(axes)
        squares = squares + chunk.double().square().sum(axes)
    mean = total / count
    std = (squares / count - mean.square()).clamp_min(0).sqrt()
    std = torch.where(std > 0, std, torch.ones_like(std))
    shape = (-1, 1, 1) if images else ()
    return mean.float().reshape(shape), std.float().reshape(shape)
