"""Running values of a training's curve, such as sums and the best evaluation; saved with every checkpoint."""

import math
from dataclasses import dataclass, field
from typing import Any

from jobs.spec.training import EarlyStop

CHOSEN_BY = "val_loss"  # decides the best evaluation, unless early_stop names a metric


@dataclass(slots=True)
class ProgressState:
    """State that the rest of the training depends on, besides weights, optimizer and random states.

    Attributes:
        loss_sum: Sum of the training losses since the last evaluation, step by step.
        loss_count: Number of these losses.
        best: Value of the metric at the best evaluation so far; None before the first.
        best_step: Steps done at the best evaluation.
        steps_to_target: Steps done when the target of ``early_stop`` was first reached; None before.
        noise_scale: Averages of `NoiseMeter`; None if it does not measure.
        first_loss: Training loss of the first step, None before it.
        recent_losses: The newest training losses, from which `Explosion` judges the end.
    """

    loss_sum: float = 0.0
    loss_count: int = 0
    best: float | None = None
    best_step: int | None = None
    steps_to_target: int | None = None
    noise_scale: dict[str, Any] | None = None
    first_loss: float | None = None
    recent_losses: list[float] = field(default_factory=list)

    def add(self, losses: list[float]) -> None:
        """Add training losses one by one, so that the sum does not depend on how they are grouped."""
        for loss in losses:
            self.loss_sum += loss
        self.loss_count += len(losses)

    def take_mean(self) -> float:
        """Return the mean training loss since the last evaluation, and reset it."""
        mean = self.loss_sum / max(self.loss_count, 1)
        self.loss_sum, self.loss_count = 0.0, 0
        return mean

    def record(self, evaluation: dict[str, float], done: int, target: EarlyStop | None) -> bool:
        """Record an evaluation after ``done`` steps.

        Returns:
            Whether it is the best so far.
        """
        if target is not None and self.steps_to_target is None and self._reaches(evaluation, target):
            self.steps_to_target = done
        metric = CHOSEN_BY if target is None or target.metric not in evaluation else target.metric
        value = evaluation.get(metric, math.nan)
        sign = -1 if metric == "val_accuracy" else 1
        better = math.isfinite(value) and (self.best is None or sign * value < sign * self.best)
        if better:
            self.best, self.best_step = value, done
        return better

    @staticmethod
    def _reaches(evaluation: dict[str, float], target: EarlyStop) -> bool:
        return target.metric in evaluation and target.is_reached(evaluation[target.metric])
