"""Objectives: the loss that a model minimises, and the metrics of the validation split."""

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from jobs.errors import TrainingError
from jobs.status import Reason
from worker.train.data.splits import Data


class Objective(Protocol):
    """A loss and its metrics; knows neither model nor ranks.

    Attributes:
        outputs: Width of the model's output: ``[N, outputs]``.
        of_guessing: Loss of an uninformed model.
        sums_size: Length of what `sums` returns.
    """

    outputs: int
    of_guessing: float
    sums_size: int

    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Return the mean loss over the batch, a scalar."""

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return values to sum over batches and ranks: ``[sums_size] float64`` on the device."""

    def metrics(self, sums: Tensor, n: int) -> dict[str, float]:
        """Return the metrics of ``n`` samples from their sums, including ``val_loss`` (without label smoothing)."""


class CrossEntropy:
    """Classification: logits ``[N, classes]`` against classes ``[N] int64``; ``val_loss`` and ``val_accuracy``."""

    sums_size = 2

    def __init__(self, classes: int) -> None:
        self.outputs, self.of_guessing = classes, math.log(classes)

    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Return the mean cross entropy, with label smoothing if set (Szegedy et al. 2016, section 7)."""
        return functional.cross_entropy(outputs, targets, label_smoothing=label_smoothing)

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the summed cross entropy and the number of correct predictions."""
        logits = outputs.float()
        loss = functional.cross_entropy(logits, targets, reduction="sum")
        return torch.stack([loss.double(), (logits.argmax(1) == targets).sum().double()])

    def metrics(self, sums: Tensor, n: int) -> dict[str, float]:
        """Return ``val_loss`` and ``val_accuracy``, a fraction."""
        loss, hits = (sums / n).tolist()
        return {"val_loss": loss, "val_accuracy": hits}


class MeanSquaredError:
    """Regression: ``[N, T]`` against targets ``[N, T] float32``, both normalised; ``val_loss`` and ``val_r2``.

    Args:
        targets: T, the numbers to predict for each sample.
    """

    of_guessing = 1.0  # the mean of the training targets is always 0, their deviation 1

    def __init__(self, targets: int) -> None:
        self.outputs = targets
        self.sums_size = 3 * targets

    def loss(self, outputs: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Return the mean squared error over samples and targets, in squared deviations of the training targets."""
        assert label_smoothing == 0.0  # noqa: S101 - refused by `objective_of`
        return functional.mse_loss(outputs, targets)

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return for each target: squared errors, values, squared values."""
        wanted = targets.double()
        errors = (outputs.double() - wanted).square()
        return torch.cat([errors.sum(0), wanted.sum(0), wanted.square().sum(0)])

    def metrics(self, sums: Tensor, n: int) -> dict[str, float]:
        """Return ``val_loss`` and ``val_r2`` = 1 - squared errors / squared deviations from the mean, over targets.

        ``val_r2`` is left out if a target is constant over the validation split, since it is undefined then.
        """
        errors, total, squares = sums.reshape(3, self.outputs)
        deviations = squares - total.square() / n
        metrics = {"val_loss": float(errors.mean() / n)}
        if bool((deviations > 1e-12 * squares).all()):
            metrics["val_r2"] = float((1 - errors / deviations).mean())
        return metrics


def objective_of(data: Data, label_smoothing: float) -> Objective:
    """Return the objective of a dataset: cross entropy for classes, mean squared error for numbers.

    Raises:
        TrainingError: Label smoothing is set, and there are no labels.
    """
    if data.task == "classification":
        return CrossEntropy(data.classes)
    if label_smoothing:
        raise TrainingError(
            Reason.INVALID_DATA, f"label_smoothing must be 0 for a regression, got {label_smoothing}: it has no labels"
        )
    return MeanSquaredError(data.train.targets.shape[1])
