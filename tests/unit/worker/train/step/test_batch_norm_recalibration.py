"""Batch norm's running statistics, taken anew."""

import pytest
import torch
from torch import nn

from tests.unit.worker.train.step.learners import WORLD, learner_of
from worker.train.step.batch_norm_recalibration import recompute


@pytest.mark.parametrize(("pieces", "count"), [(1, 3), (4, 12)])
def test_they_are_the_plain_means_of_the_batches_as_they_go_through_the_model(pieces: int, count: int) -> None:
    learner = learner_of(model={"name": "cnn"}, global_batch_size=32, accumulation_steps=pieces)
    first = next(module for module in learner.bare_model.modules() if isinstance(module, nn.BatchNorm2d))
    seen: list[torch.Tensor] = []
    first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    momentum = first.momentum
    recompute(learner, WORLD, seed=5)
    assert len(seen) == count, "one pass over 96 samples"
    means = torch.stack([batch.mean((0, 2, 3)) for batch in seen]).mean(0)
    variances = torch.stack([batch.var((0, 2, 3), unbiased=True) for batch in seen]).mean(0)
    assert first.running_mean is not None
    assert first.running_var is not None
    torch.testing.assert_close(first.running_mean, means)
    torch.testing.assert_close(first.running_var, variances)
    assert first.momentum == momentum


@pytest.mark.parametrize("changes", [{"batch_norm_group_size": 8}, {}], ids=["groups", "plain"])
def test_they_forget_what_was_there(changes: dict[str, int]) -> None:
    found = []
    for start in (0.0, 1e3):
        learner = learner_of(model={"name": "cnn"}, **changes)
        for module in learner.bare_model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
                module.running_mean.fill_(start)
        recompute(learner, WORLD, seed=5)
        found.append([buffer.clone() for name, buffer in learner.bare_model.named_buffers() if "running" in name])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_a_model_without_batch_norm_is_left_alone() -> None:
    learner = learner_of()
    before = [weights.clone() for weights in learner.bare_model.parameters()]
    recompute(learner, WORLD, seed=5)
    assert all(torch.equal(one, other) for one, other in zip(before, learner.bare_model.parameters(), strict=True))
