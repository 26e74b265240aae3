"""Builds a model by its name."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from jobs.errors import TrainingError
from jobs.spec.models import AnyModel, EntryPointModel, MlpModel, TorchvisionModel
from jobs.status import Reason
from worker.train.models.plugins import build_entry_point
from worker.train.models.resnet import resnet
from worker.train.models.small_convnets import cnn, resnet9
from worker.train.models.small_image_stem import adapt_stem
from worker.train.models.torchvision_ops import import_torchvision

GREY, COLOUR = 1, 3


def build_model(spec: AnyModel, shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Build an untrained model for samples of ``shape``, (channels, height, width) or (features,).

    Raises:
        TrainingError: The model cannot take such samples, or is not installed here.
    """
    if isinstance(spec, MlpModel):
        return _mlp(spec.options.hidden, math.prod(shape), outputs)
    if isinstance(spec, EntryPointModel):
        model = build_entry_point(spec.options, shape, outputs)
        _try(model, spec.options.name, shape)
        return model
    if len(shape) != len(("channels", "height", "width")):
        raise _unfit(spec.name, shape, "it needs images of (channels, height, width)")
    if isinstance(spec, TorchvisionModel):
        model = _from_torchvision(spec, shape, outputs)
    else:
        model = _own(spec.name, shape[0], outputs)
    _try(model, spec.name, shape)
    return model


def _own(name: str, channels: int, outputs: int) -> nn.Module:
    if name == "cnn":
        return cnn(channels, outputs)
    if name == "resnet9":
        return resnet9(channels, outputs)
    return resnet(int(name.removeprefix("resnet")), channels, outputs)


def _mlp(hidden: list[int], features: int, classes: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    for width in hidden:
        layers += [nn.Linear(features, width), nn.ReLU()]
        features = width
    return nn.Sequential(*layers, nn.Linear(features, classes))


class _GreyAsColour(nn.Module):
    """Repeats a one-channel image for a model that needs three channels."""

    def forward(self, images: Tensor) -> Tensor:
        return images.expand(-1, COLOUR, -1, -1)


def _from_torchvision(spec: TorchvisionModel, shape: tuple[int, ...], classes: int) -> nn.Module:
    name, (channels, height, width) = spec.name, shape
    if channels not in (GREY, COLOUR):
        raise _unfit(name, shape, "torchvision's classifiers take one or three channels")
    options: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        options = {"aux_logits": False, "init_weights": True}
    elif name.startswith("vit_"):
        options = {"image_size": height}
    elif name == "maxvit_t":
        options = {"input_size": (height, width)}
    try:
        model: nn.Module = import_torchvision().models.get_model(name, weights=None, num_classes=classes, **options)
    except (ValueError, ZeroDivisionError) as error:
        raise _unfit(name, shape, str(error)) from error
    if spec.options.small_images:
        adapt_stem(model, name)
    return nn.Sequential(_GreyAsColour(), model) if channels == GREY else model


def _try(model: nn.Module, name: str, shape: tuple[int, ...]) -> None:
    model.eval()
    try:
        with torch.no_grad():
            model(torch.zeros(2, *shape))
    except (RuntimeError, AssertionError, ValueError, IndexError) as error:
        raise _unfit(name, shape, str(error).splitlines()[0]) from error
    model.train()


def _unfit(name: str, shape: tuple[int, ...], why: str) -> TrainingError:
    size = " x ".join(map(str, shape))
    return TrainingError(Reason.INVALID_DATA, f"model {name} cannot take samples of {size}: {why}")
