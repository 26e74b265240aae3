import pytest
import torch

from jobs.spec.models import NamedModel
from worker.train.models.registry import build_model


def size_of(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_resnet9_has_the_size_of_pages() -> None:
    assert size_of(build_model(NamedModel(name="resnet9"), (3, 32, 32), 10)) == pytest.approx(6.57e6, rel=0.01)


@pytest.mark.parametrize(("name", "shape"), [("cnn", (1, 8, 8)), ("cnn", (3, 32, 32)), ("resnet9", (1, 8, 8))])
def test_own_convolutional_networks_take_small_images(name: str, shape: tuple[int, ...]) -> None:
    assert build_model(NamedModel(name=name), shape, 7)(torch.zeros(2, *shape)).shape == (2, 7)
