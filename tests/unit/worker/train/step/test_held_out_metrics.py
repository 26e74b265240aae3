"""Held-back data in a range test: measuring it changes no step, and batch norm's lag is kept short."""

from typing import Any

import pytest
import torch

from jobs.errors import TrainingError
from jobs.spec.range_test import RangeTest
from tests.builders import conditions_of
from worker.train.data.splits import Data, Split
from worker.train.data.splits import measure as statistics_of
from worker.train.process_group import ProcessGroup
from worker.train.step.held_out_metrics import Measure, batch_norms
from worker.train.step.learner import Learner

WORLD = ProcessGroup(0, 1, torch.device("cpu"))
STEPS = 12


pytestmark = pytest.mark.usefixtures("group")


def learner(model: str, targets: torch.Tensor | None = None) -> Learner:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(64, 1, 8, 8, generator=generator)
    split = Split(images, torch.arange(64) % 4 if targets is None else targets)
    data = Data(split, split, statistics_of(split), 4 if targets is None else 0)
    asked = conditions_of(world_size=1, global_batch_size=32, model={"name": model})
    return Learner(WORLD, data, asked, seed=0, lr=0.05)


def losses(model: str, **test: Any) -> list[float]:
    mine = learner(model)
    measure = Measure(RangeTest(steps=STEPS, **test), mine)
    found = []
    for step in range(STEPS):
        found.append(float(mine.step(step, 0)))
        if measure.is_due(step, STEPS):
            assert 0 <= measure.take()["val_accuracy"] <= 1
    return found


@pytest.mark.parametrize("model", ["mlp", "resnet8"])
def test_measuring_changes_no_step(model: str) -> None:
    assert losses(model, measure="val_loss", measure_every=1) == losses(model)


def test_batch_norm_forgets_faster_where_held_back_data_is_measured() -> None:
    plain, measured = learner("resnet8"), learner("resnet8")
    Measure(RangeTest(), plain)
    Measure(RangeTest(measure="val_loss"), measured)
    assert {module.momentum for module in batch_norms(plain.bare_model)} == {0.1}
    assert {module.momentum for module in batch_norms(measured.bare_model)} == {0.5}
    assert batch_norms(learner("mlp").bare_model) == []


def test_the_last_step_of_a_sweep_is_measured_whatever_the_period() -> None:
    measure = Measure(RangeTest(steps=50, measure="val_loss", measure_every=4), learner("mlp"))
    assert [step for step in range(50) if measure.is_due(step, 50)] == [*range(3, 50, 4), 49]


def test_a_measure_that_the_dataset_does_not_have_is_named() -> None:
    numbers = torch.randn(64, 1, generator=torch.Generator().manual_seed(1))
    measure = Measure(RangeTest(measure="val_accuracy"), learner("mlp", numbers))
    with pytest.raises(
        TrainingError, match="val_accuracy does not exist for this dataset: take train_loss or val_loss"
    ):
        measure.take()
