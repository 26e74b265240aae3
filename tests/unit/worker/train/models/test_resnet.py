import pytest
import torch

from jobs.spec.models import NamedModel
from worker.train.models.registry import build_model


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
