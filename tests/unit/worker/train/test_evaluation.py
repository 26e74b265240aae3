"""What an evaluation takes at once, and what it does where a device has no room for that."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.builders import conditions_of
from worker.train.data.splits import Data, Split, measure
from worker.train.evaluation import evaluation_batch
from worker.train.process_group import ProcessGroup
from worker.train.step.learner import Learner

pytestmark = pytest.mark.usefixtures("group")


@pytest.mark.parametrize(("changes", "shape", "expected"), [
    ({"global_batch_size": 32}, (3, 32, 32), 256),
    ({"global_batch_size": 1024}, (3, 32, 32), 512),
    ({"global_batch_size": 512, "accumulation_steps": 16}, (3, 32, 32), 16),
    ({"global_batch_size": 8}, (3, 224, 224), 27),
    ({"global_batch_size": 8}, (3, 2048, 2048), 4),
])  # fmt: skip
def test_an_evaluation_takes_no_more_than_training_does_where_memory_is_short(
    changes: dict[str, Any], shape: tuple[int, ...], expected: int
) -> None:
    assert evaluation_batch(conditions_of(world_size=2, **changes), shape) == expected


class Small(torch.nn.Module):
    """A model on a device that has room for a few samples, and what it was given."""

    def __init__(self, model: torch.nn.Module, room: int) -> None:
        super().__init__()
        self.inner, self.room, self.seen = model, room, list[int]()

    def forward(self, inputs: Tensor) -> Tensor:
        self.seen.append(len(inputs))
        if len(inputs) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        outputs: Tensor = self.inner(inputs)
        return outputs


def learner() -> Learner:
    inputs = torch.randn(96, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    split = Split(inputs, torch.arange(96) % 4)
    asked = conditions_of(world_size=1, global_batch_size=16)
    return Learner(
        ProcessGroup(0, 1, torch.device("cpu")), Data(split, split, measure(split), 4), asked, seed=0, lr=0.05
    )


def test_an_evaluation_that_finds_no_room_goes_on_with_what_training_takes() -> None:
    expected, found = learner().evaluate(), learner()
    found._model = model = Small(found._model, room=16)
    assert found.evaluate() == pytest.approx(expected)
    assert model.seen == [96, 16, 16, 16, 16, 16, 16]


def test_an_evaluation_that_finds_no_room_for_that_either_says_so() -> None:
    found = learner()
    found._model = Small(found._model, room=15)
    with pytest.raises(torch.OutOfMemoryError):
        found.evaluate()
