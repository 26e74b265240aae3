from typing import Any

import pytest
import torch
from pydantic import ValidationError

from jobs.spec.models import TorchvisionModel
from worker.train.models.registry import build_model
from worker.train.models.small_image_stem import adapt_stem
from worker.train.models.torchvision_ops import import_torchvision

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
