"""The catalogue of models and datasets: their names, and the facts about them that need no torch."""

import json
from typing import Annotated, Any

from pydantic import Field, field_validator

from jobs.spec.base import Strict, Text, refuse


class EntryPointOptions(Strict):
    """A name in an entry point group of the workers' environment, and the arguments of its function."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    options: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies defaults

    @field_validator("options")
    @classmethod
    def _is_finite(cls, options: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(options, allow_nan=False)
        except ValueError as error:
            raise refuse("finite_number", "must hold finite numbers only") from error
        return options


RESNETS = ("resnet8", "resnet20", "resnet32", "resnet44", "resnet56", "resnet110")
OWN_MODELS = ("cnn", "resnet9", *RESNETS)  # beside mlp, which has options

# Torchvision's families with a stem that downsamples images early; the option small_images removes that.
SMALL_IMAGE_FAMILIES = (
    "densenet", "efficientnet", "mnasnet", "mobilenet", "regnet", "resnet", "resnext", "shufflenet", "wide_resnet",
)  # fmt: skip

# Every classifier of torchvision 0.28, `torchvision.models.list_models(module=torchvision.models)`;
# a test compares the two.
TORCHVISION_CLASSIFIERS = (
    "alexnet",
    "convnext_base",
    "convnext_large",
    "convnext_small",
    "convnext_tiny",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_v2_l",
    "efficientnet_v2_m",
    "efficientnet_v2_s",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mnasnet0_75",
    "mnasnet1_0",
    "mnasnet1_3",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "regnet_x_16gf",
    "regnet_x_1_6gf",
    "regnet_x_32gf",
    "regnet_x_3_2gf",
    "regnet_x_400mf",
    "regnet_x_800mf",
    "regnet_x_8gf",
    "regnet_y_128gf",
    "regnet_y_16gf",
    "regnet_y_1_6gf",
    "regnet_y_32gf",
    "regnet_y_3_2gf",
    "regnet_y_400mf",
    "regnet_y_800mf",
    "regnet_y_8gf",
    "resnet101",
    "resnet152",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "resnext50_32x4d",
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5",
    "shufflenet_v2_x2_0",
    "squeezenet1_0",
    "squeezenet1_1",
    "swin_b",
    "swin_s",
    "swin_t",
    "swin_v2_b",
    "swin_v2_s",
    "swin_v2_t",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "vit_b_16",
    "vit_b_32",
    "vit_h_14",
    "vit_l_16",
    "vit_l_32",
    "wide_resnet101_2",
    "wide_resnet50_2",
)

TORCHVISION_DATASETS = ("cifar10", "fashion_mnist", "mnist")

# Images in the training split, if known before the data is read.
TRAIN_SAMPLES = {"digits": 1437, "cifar10": 50_000, "fashion_mnist": 60_000, "mnist": 60_000}
