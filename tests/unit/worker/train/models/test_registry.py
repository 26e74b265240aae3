import pytest
import torch

from jobs.errors import TrainingError
from jobs.spec.models import MlpModel, NamedModel, TorchvisionModel
from worker.train.models.registry import build_model


def test_an_mlp_has_the_widths_that_were_asked_for() -> None:
    spec = MlpModel.model_validate({"name": "mlp", "options": {"hidden": [5, 6]}})
    model = build_model(spec, (1, 8, 8), 10)
    widths = [module.out_features for module in model.modules() if isinstance(module, torch.nn.Linear)]
    assert widths == [5, 6, 10]
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "vit_b_16", "squeezenet1_1"])
def test_a_torchvision_classifier_takes_colour_and_grey_images(name: str) -> None:
    for channels in (1, 3):
        model = build_model(TorchvisionModel(name=name), (channels, 32, 32), 5)
        assert model(torch.zeros(2, channels, 32, 32)).shape == (2, 5)


@pytest.mark.parametrize(("name", "shape"), [("alexnet", (3, 8, 8)), ("resnet18", (2, 32, 32)), ("resnet8", (64,))])
def test_a_model_that_cannot_take_the_samples_says_so(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(TrainingError, match=f"model {name} cannot take samples of {' x '.join(map(str, shape))}"):
        build_model((NamedModel if name == "resnet8" else TorchvisionModel)(name=name), shape, 10)
