"""Convolutional networks for small images: `cnn` for first experiments, and ResNet-9, which trains fast on CIFAR-10."""

from torch import Tensor, nn


def cnn(channels: int, classes: int) -> nn.Module:
    """A network of three 3x3 convolutions (32, 64, 128 channels) with batch norm.

    Max-pooling after each of the first two halves the size. The mean over pixels and a linear layer follow the third.

    Input ``[N, channels, H, W] float`` with H, W >= 4, output ``[N, classes]`` logits.
    """
    return nn.Sequential(
        *_convolution(channels, 32), nn.MaxPool2d(2), *_convolution(32, 64), nn.MaxPool2d(2), *_convolution(64, 128),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes),
    )  # fmt: skip


def resnet9(channels: int, classes: int) -> nn.Module:
    """The ResNet-9 of Page 2018-2019 ("How to train your ResNet", Myrtle; DAWNBench's CIFAR-10 entry).

    A stem of 64 channels is followed by three stages (128, 256, 512 channels) that each halve the size. The first and
    the last stage end with a residual block. The maximum over pixels and a linear layer give the logits, which are
    scaled by 1/8. The network has 6.6 million weights for 10 classes.

    Input ``[N, channels, H, W] float`` with H, W >= 8, output ``[N, classes]`` logits.
    """
    return nn.Sequential(
        *_convolution(channels, 64),
        *_convolution(64, 128), nn.MaxPool2d(2), _Residual(128),
        *_convolution(128, 256), nn.MaxPool2d(2),
        *_convolution(256, 512), nn.MaxPool2d(2), _Residual(512),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(512, classes, bias=False), _Scale(0.125),
    )  # fmt: skip


def _convolution(channels_in: int, channels_out: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    ]


class _Residual(nn.Module):
    """A residual block: the input plus the output of two convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(*_convolution(channels, channels), *_convolution(channels, channels))

    def forward(self, images: Tensor) -> Tensor:
        branch: Tensor = self.branch(images)
        return images + branch


class _Scale(nn.Module):
    """Multiplies logits by a factor; a factor below 1 raises the temperature of the softmax."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, logits: Tensor) -> Tensor:
        return logits * self.factor
