from typing import Any

import pytest
import torch
from pydantic import ValidationError

from jobs.errors import TrainingError
from jobs.spec.catalog import TORCHVISION_CLASSIFIERS
from jobs.spec.models import MlpModel, NamedModel, TorchvisionModel
from worker.train.models.registry import build_model
from worker.train.models.small_image_stem import adapt_stem
from worker.train.models.torchvision_ops import import_torchvision


def size_of(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("resnet8", 75e3),
        ("resnet20", 0.27e6),
        ("resnet32", 0.46e6),
        ("resnet44", 0.66e6),
        ("resnet56", 0.85e6),
        ("resnet110", 1.7e6),
    ],
)
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
        model = build_model(TorchvisionModel(name=name), (channels, 32, 32), 5)
        assert model(torch.zeros(2, channels, 32, 32)).shape == (2, 5)


@pytest.mark.parametrize(("name", "shape"), [("alexnet", (3, 8, 8)), ("resnet18", (2, 32, 32)), ("resnet8", (64,))])
def test_a_model_that_cannot_take_the_samples_says_so(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(TrainingError, match=f"model {name} cannot take samples of {' x '.join(map(str, shape))}"):
        build_model((NamedModel if name == "resnet8" else TorchvisionModel)(name=name), shape, 10)


def test_resnet9_has_the_size_of_pages() -> None:
    assert size_of(build_model(NamedModel(name="resnet9"), (3, 32, 32), 10)) == pytest.approx(6.57e6, rel=0.01)


@pytest.mark.parametrize(("name", "shape"), [("cnn", (1, 8, 8)), ("cnn", (3, 32, 32)), ("resnet9", (1, 8, 8))])
def test_own_convolutional_networks_take_small_images(name: str, shape: tuple[int, ...]) -> None:
    assert build_model(NamedModel(name=name), shape, 7)(torch.zeros(2, *shape)).shape == (2, 7)


STEMS = [
    ("resnet18", "layer1", 8, 32), ("shufflenet_v2_x0_5", "stage2", 4, 16), ("mobilenet_v3_small", "features.1", 8, 16),
]  # fmt: skip


@pytest.mark.parametrize(("name", "part", "before", "after"), STEMS)
def test_small_images_are_not_shrunk_by_an_adapted_stem(name: str, part: str, before: int, after: int) -> None:
    for small, expected in ((False, before), (True, after)):
        spec = TorchvisionModel.model_validate({"name": name, "options": {"small_images": small}})
        model = build_model(spec, (3, 32, 32), 10)
        heights: list[int] = []
        model.get_submodule(part).register_forward_hook(
            lambda _, __, out, heights=heights: heights.append(out.shape[2])
        )
        model.eval()(torch.zeros(2, 3, 32, 32))
        assert heights == [expected]


FAMILY_MEMBERS = ["densenet121", "efficientnet_b0", "mnasnet0_5", "mobilenet_v2", "regnet_y_400mf"]


@pytest.mark.parametrize("name", FAMILY_MEMBERS)
def test_other_families_lose_no_size_in_their_first_convolution(name: str) -> None:
    model: Any = import_torchvision().models.get_model(name, weights=None, num_classes=3)
    adapt_stem(model, name)
    first = next(module for module in model.modules() if isinstance(module, torch.nn.Conv2d))
    assert first.stride == (1, 1)


def test_a_stem_that_cannot_be_adapted_is_refused() -> None:
    with pytest.raises(ValidationError, match="small_images goes with"):
        TorchvisionModel.model_validate({"name": "vgg11", "options": {"small_images": True}})
