from typing import Any

import pytest
import torch

from jobs.catalog import TORCHVISION_CLASSIFIERS
from jobs.conditions import MlpModel, NamedModel
from jobs.errors import TrainingError
from worker.train.models import build_model
from worker.train.torchvision_ops import import_torchvision


def size_of(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("name", "parameters"), [("resnet8", 75e3), ("resnet20", 0.27e6), ("resnet56", 0.85e6)])
def test_resnets_have_the_sizes_of_he_et_al_table_6(name: str, parameters: float) -> None:
    model = build_model(NamedModel(name=name), (3, 32, 32), 10)
    assert size_of(model) == pytest.approx(parameters, rel=0.05)
    depth = sum(isinstance(module, torch.nn.Conv2d | torch.nn.Linear) for module in model.modules())
    assert depth == int(name.removeprefix("resnet"))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (1, 28, 28), (4, 5, 7)])
def test_a_resnet_takes_any_size_and_number_of_channels(shape: tuple[int, ...]) -> None:
    model = build_model(NamedModel(name="resnet8"), shape, 7)
    assert model(torch.zeros(2, *shape)).shape == (2, 7)


def test_an_mlp_has_the_widths_that_were_asked_for() -> None:
    spec = MlpModel.model_validate({"name": "mlp", "options": {"hidden": [5, 6]}})
    model = build_model(spec, (1, 8, 8), 10)
    widths = [module.out_features for module in model.modules() if isinstance(module, torch.nn.Linear)]
    assert widths == [5, 6, 10]
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_the_catalog_lists_torchvisions_classifiers() -> None:
    models: Any = import_torchvision().models
    assert set(models.list_models(module=models)) == set(TORCHVISION_CLASSIFIERS)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "vit_b_16", "squeezenet1_1"])
def test_a_torchvision_classifier_takes_colour_and_grey_images(name: str) -> None:
    for channels in (1, 3):
        model = build_model(NamedModel(name=name), (channels, 32, 32), 5)
        assert model(torch.zeros(2, channels, 32, 32)).shape == (2, 5)


@pytest.mark.parametrize(("name", "shape"), [("alexnet", (3, 8, 8)), ("resnet18", (2, 32, 32)), ("resnet8", (64,))])
def test_a_model_that_cannot_take_the_samples_says_so(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(TrainingError, match=f"model {name} cannot take samples of {' x '.join(map(str, shape))}"):
        build_model(NamedModel(name=name), shape, 10)
