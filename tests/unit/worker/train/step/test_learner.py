import math
from typing import Any

import pytest
import torch

from clr_core.errors import InvalidArgumentError
from jobs.errors import TrainingError
from jobs.spec.training import BatchSizeWarmStart, batch_sizes
from jobs.status import Reason
from tests.builders import conditions_of, train_spec
from tests.unit.worker.train.step.learners import WORLD, learner_of
from worker.train.data.splits import Data, Split, measure
from worker.train.step.epochs import Epochs
from worker.train.step.learner import Learner

CNN: dict[str, Any] = {"model": {"name": "cnn"}}

pytestmark = pytest.mark.usefixtures("group")


def stepped(learner: Learner, steps: range = range(4)) -> tuple[list[float], torch.Tensor]:
    losses = [float(learner.step(step, 0)) for step in steps]
    return losses, torch.cat([weights.detach().flatten() for weights in learner.bare_model.parameters()])


def assert_close(one: Learner, other: Learner, atol: float = 1e-6) -> None:
    (losses, weights), (other_losses, other_weights) = stepped(one), stepped(other)
    assert losses == pytest.approx(other_losses, abs=atol)
    torch.testing.assert_close(weights, other_weights, atol=atol, rtol=0)


@pytest.mark.parametrize("pieces", [2, 8, 32])
def test_accumulated_gradients_are_those_of_the_whole_batch(pieces: int) -> None:
    assert_close(learner_of(), learner_of(accumulation_steps=pieces))


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_a_fused_optimizer_makes_the_same_updates(name: str) -> None:
    assert_close(learner_of(optimizer={"name": name}), learner_of(optimizer={"name": name, "fused": True}), 1e-5)


def test_channels_last_is_another_order_in_memory_and_nothing_else() -> None:
    last = learner_of(**CNN, channels_last=True)
    assert_close(learner_of(**CNN), last, 1e-4)
    convolution = next(module for module in last.bare_model.modules() if isinstance(module, torch.nn.Conv2d))
    assert last.bare_model.state_dict()["4.weight"].is_contiguous(memory_format=torch.channels_last), convolution


def test_the_average_of_weights_is_its_closed_form() -> None:
    decay, learner = 0.7, learner_of(ema_decay=0.7)
    name = "1.weight"
    seen = [learner.bare_model.state_dict()[name].clone()]
    for step in range(5):
        learner.step(step, 0)
        seen.append(learner.bare_model.state_dict()[name].clone())
    expected = decay**5 * seen[0]
    for number, weights in enumerate(seen[1:], 1):
        expected = expected + (1 - decay) * decay ** (5 - number) * weights
    torch.testing.assert_close(learner.state_dict()["ema"][name], expected)


def test_an_evaluation_with_averaged_weights_leaves_the_training_alone() -> None:
    watched, plain = learner_of(**CNN, ema_decay=0.9), learner_of(**CNN)
    stepped(watched, range(2)), stepped(plain, range(2))
    metrics = watched.evaluate()
    assert set(metrics) == {"val_loss", "val_accuracy", "ema_val_loss", "ema_val_accuracy"}
    assert metrics["ema_val_loss"] != metrics["val_loss"]
    assert stepped(watched, range(2, 4))[0] == stepped(plain, range(2, 4))[0]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "schedulefree_sgd", "schedulefree_adamw", "prodigy"])
def test_a_restored_learner_goes_on_to_the_last_bit(optimizer: str) -> None:
    changes: dict[str, Any] = {
        **CNN,
        "optimizer": {"name": optimizer},
        "augmentation": "crop_flip_cutout",
        "ema_decay": 0.9,
    }
    straight, interrupted, resumed = (learner_of(**changes) for _ in range(3))
    stepped(straight, range(3)), stepped(interrupted, range(3))
    resumed.load_state_dict(interrupted.state_dict())
    (losses, weights), (other_losses, other_weights) = stepped(straight, range(3, 6)), stepped(resumed, range(3, 6))
    assert losses == other_losses
    assert torch.equal(weights, other_weights)
    assert straight.evaluate() == resumed.evaluate()


def test_a_state_needs_no_unpickling_of_code(tmp_path: Any) -> None:
    learner = learner_of(ema_decay=0.9, optimizer={"name": "adamw", "fused": True})
    stepped(learner, range(2))
    torch.save(learner.state_dict(), tmp_path / "state.pt")
    learner.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))


def test_small_batches_come_first_and_every_sample_once_an_epoch() -> None:
    asked = conditions_of(world_size=1, global_batch_size=32)
    sizes = batch_sizes(asked, BatchSizeWarmStart(small_batch_size=8, small_steps=5))
    epochs = Epochs(sizes, 96)
    length = epochs.length_of(train_spec(steps=None, epochs=2))
    assert length.total_steps == 5 + math.ceil((192 - 40) / 32)
    assert [step for step in range(length.total_steps) if epochs.ends_at(step)] == [6, 9]
    assert epochs.at(5) == pytest.approx(40 / 96)
    learner = learner_of(sizes)
    stepped(learner, range(1))
    feed = learner._feed_of(0)
    taken = torch.cat([feed.order.at(step) for step in range(length.total_steps)])
    assert [len(feed.batch(step)[0]) for step in (0, 4, 5)] == [8, 8, 32]
    for epoch in range(2):
        assert sorted(taken[epoch * 96 : (epoch + 1) * 96].tolist()) == list(range(96))


def test_a_small_batch_that_ranks_cannot_share_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="a multiple of 2"):
        batch_sizes(conditions_of(), BatchSizeWarmStart(small_batch_size=7, small_steps=5))


def test_augmentation_of_what_is_no_image_is_refused() -> None:
    split = Split(torch.randn(40, 5), torch.arange(40) % 2)
    with pytest.raises(TrainingError, match="needs images"):
        Learner(
            WORLD, Data(split, split, measure(split), 2), conditions_of(augmentation="flip", world_size=1),
            seed=0, lr=0.1,
        )  # fmt: skip


def test_compile_without_a_compiler_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))
    with pytest.raises(TrainingError, match=r"no compiler for torch\.compile") as refused:
        learner_of(compile=True)
    assert refused.value.reason is Reason.NOT_INSTALLED
