"""What a training remembers of its curve, and what the worker makes of it on its way to SQL."""

import math
import random
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from jobs.spec.training import EarlyStop
from tests.builders import train_spec
from worker.attempt.alarm_monitor import AlarmMonitor
from worker.train.checkpoint import random_state
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
        by_loss.judge(found, done, None)
        by_accuracy.judge(found, done, target)
    assert (by_loss.best, by_loss.best_step) == (0.4, 40)
    assert (by_accuracy.best, by_accuracy.best_step, by_accuracy.steps_to_target) == (0.95, 20, 20)


@pytest.mark.parametrize(
    "options",
    [
        {"early_stop": {"metric": "val_accuracy", "target": 1.5}},
        {"early_stop": {"metric": "train_loss", "target": 0.1}},
        {"on_divergence": {"lower_max_lr_by": 1}},
        {"on_divergence": {"tries": 0}},
        {"observe": {"weights": True}},
    ],
)
def test_options_outside_their_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        train_spec(**options)


def test_random_states_go_on_where_they_were_captured() -> None:
    def draw() -> list[float]:
        numbers = [random.random(), random.gauss(0, 1), float(np.random.rand()), float(np.random.randn())]
        return [*numbers, float(torch.rand(()))]

    random.gauss(0, 1)  # the second of a pair is kept for the next call, and belongs to the state
    np.random.randn()
    state = random_state.capture(torch.device("cpu"))
    first = draw()
    random_state.put_back(state, torch.device("cpu"))
    assert draw() == first


def points(step: int, **values: float) -> dict[str, Any]:
    return {"steps": [step], "values": {name: [value] for name, value in values.items()}}


def test_a_watch_raises_each_alarm_once_and_names_the_rate_of_a_divergence() -> None:
    watch = AlarmMonitor()
    found = []
    for epoch in range(20):
        found += watch.see(points(epoch * 10, lr=0.1, train_loss=1.0))
        val_loss = 0.5 + abs(epoch - 8) * 0.05
        found += watch.see(points(epoch * 10, val_loss=val_loss, generalisation_gap=val_loss - 1 / (epoch + 1)))
    assert [alarm["code"] for alarm in found] == ["overfitting"]
    (alarm,) = watch.see(points(200, lr=0.2, train_loss=math.nan))
    assert (alarm["code"], alarm["step"], alarm["evidence"]) == ("divergence", 200, {"lr": 0.2})
    assert watch.see(points(201, lr=0.2, train_loss=math.nan)) == []
