"""A model of one's own: a multilayer perceptron whose layers add to what they get."""

import math
from typing import Any

from torch import Tensor, nn


def residual_mlp(options: dict[str, Any], shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Build an untrained model; torch's random numbers are seeded when this is called.

    Args:
        options: ``width`` (default 32) and ``depth`` (default 2), the number of layers that add.
        shape: Shape of one sample, (features,) or (channels, height, width).
        outputs: Width of the output: classes, or numbers to predict.

    Raises:
        ValueError: An option is not known; the job fails with this message.
    """
    if unknown := options.keys() - {"width", "depth"}:
        raise ValueError(f"unknown options {sorted(unknown)}: width and depth are known")
    width = int(options.get("width", 32))
    layers = [_Residual(width) for _ in range(int(options.get("depth", 2)))]
    return nn.Sequential(
        nn.Flatten(), nn.Linear(math.prod(shape), width), nn.ReLU(), *layers, nn.Linear(width, outputs)
    )


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Linear(width, width)

    def forward(self, values: Tensor) -> Tensor:
        """Values ``[N, width]`` and what the layer makes of them."""
        return values + self.layer(values).relu()
