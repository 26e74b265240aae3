"""Removes the early downsampling of torchvision's classifiers, which were designed for images of 224 pixels.

The stem's first convolution gets stride 1, a 7x7 kernel becomes 3x3, and the stem's max-pool is removed. So a ResNet
ends at 4x4 instead of 1x1 on images of 32x32. This is the usual way to train these families on CIFAR.
"""

from typing import Any

from torch import nn

_LARGE_KERNEL = 7

# The first convolution of each family and, if there is one, the stem's max-pool.
_STEMS: dict[str, tuple[str, str | None]] = {
    "densenet": ("features.conv0", "features.pool0"),
    "efficientnet": ("features.0.0", None),
    "mnasnet": ("layers.0", None),
    "mobilenet": ("features.0.0", None),
    "regnet": ("stem.0", None),
    "resnet": ("conv1", "maxpool"),
    "resnext": ("conv1", "maxpool"),
    "shufflenet": ("conv1.0", "maxpool"),
    "wide_resnet": ("conv1", "maxpool"),
}


def adapt_stem(model: nn.Module, name: str) -> None:
    """Change the stem of a torchvision model in place; see `jobs.spec.catalog.SMALL_IMAGE_FAMILIES`."""
    convolution, pool = next(stem for family, stem in _STEMS.items() if name.startswith(family))
    _put(model, convolution, _undemanding(model.get_submodule(convolution)))
    if pool is not None:
        _put(model, pool, nn.Identity())


def _undemanding(convolution: Any) -> nn.Module:
    large = convolution.kernel_size[0] == _LARGE_KERNEL
    made = nn.Conv2d(
        convolution.in_channels, convolution.out_channels, 3 if large else convolution.kernel_size,
        stride=1, padding=1 if large else convolution.padding, bias=convolution.bias is not None,
    )  # fmt: skip
    nn.init.kaiming_normal_(made.weight, mode="fan_out", nonlinearity="relu")  # as torchvision does in these families
    return made


def _put(model: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, module)
