"""Averages of weights over the ends of cycles."""

import torch

from tests.builders import conditions_of
from tests.unit.worker.train.step.learners import WORLD, images
from worker.train.step.learner import Learner

ENDS = range(2, 9, 3)


def learner() -> Learner:
    asked = conditions_of(model={"name": "cnn"}, world_size=1, global_batch_size=32)
    return Learner(WORLD, images(), asked, seed=0, lr=0.05, cycle_ends=ENDS)


def weights_of(learner: Learner) -> torch.Tensor:
    return torch.cat([weights.detach().flatten() for weights in learner.bare_model.parameters()])


def test_the_average_is_the_plain_mean_of_the_ends_of_cycles() -> None:
    trained, seen = learner(), []
    for step in range(10):
        trained.step(step, 0)
        if step in ENDS:
            seen.append(weights_of(trained))
    assert trained.cycles is not None
    assert trained.cycles.count == len(seen) == 3
    trained.cycles.take_over()
    torch.testing.assert_close(weights_of(trained), torch.stack(seen).mean(0))


def test_a_restored_average_goes_on_to_the_last_bit() -> None:
    straight, first, resumed = learner(), learner(), learner()
    for step in range(10):
        straight.step(step, 0)
    for step in range(4):
        first.step(step, 0)
    resumed.step(3, 0)  # what comes before goes
    resumed.load_state_dict(first.state_dict())
    for step in range(4, 10):
        resumed.step(step, 0)
    for each in (straight, resumed):
        assert each.cycles is not None
        assert each.cycles.count == 3
        each.cycles.take_over()
    assert torch.equal(weights_of(straight), weights_of(resumed))
