"""What a training remembers of its curve."""

import math

import pytest

from jobs.spec.training import EarlyStop
from worker.train.step.progress_state import ProgressState


def test_the_mean_training_loss_does_not_depend_on_how_losses_are_bundled() -> None:
    losses = [1 / (number + 3) for number in range(50)]
    whole, parts = ProgressState(), ProgressState()
    whole.add(losses)
    for start in range(0, 50, 7):
        parts.add(losses[start : start + 7])
    assert whole == parts
    assert whole.take_mean() == parts.take_mean() == pytest.approx(sum(losses) / 50)
    assert (whole.loss_sum, whole.loss_count) == (0.0, 0)


def test_the_best_is_the_lowest_validation_loss_or_the_metric_of_the_target() -> None:
    by_loss, by_accuracy = ProgressState(), ProgressState()
    target = EarlyStop(metric="val_accuracy", target=0.9)
    for done, loss, accuracy in ((10, 0.5, 0.8), (20, 0.6, 0.95), (30, math.nan, 0.9), (40, 0.4, 0.94)):
        found = {"val_loss": loss, "val_accuracy": accuracy}
        by_loss.record(found, done, None)
        by_accuracy.record(found, done, target)
    assert (by_loss.best, by_loss.best_step) == (0.4, 40)
    assert (by_accuracy.best, by_accuracy.best_step, by_accuracy.steps_to_target) == (0.95, 20, 20)
