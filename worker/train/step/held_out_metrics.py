"""Measurements of a range test besides the training loss: loss and accuracy on held-back data, every few steps."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from jobs.errors import TrainingError
from jobs.spec.range_test import RangeTest
from jobs.status import Reason
from worker.train.step.learner import Learner

# Batch norm evaluates with running means of the last 1 / momentum steps. With torch's 0.1 these lag by ten steps, over
# which a range test multiplies the rate by five: evaluation breaks down that much earlier than training. A momentum of
# 0.5 halves the lag in decades, and a warning mentions the rest. Training does not use running means, so nothing else
# changes.
_MOMENTUM = 0.5


def batch_norms(model: nn.Module) -> list[_BatchNorm]:
    """Return the batch norm layers of a model."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


class Measure:
    """Takes the held-back measure of a range test from a learner.

    Args:
        test: What to measure, and how often.
        learner: The learner. Its batch norm gets a larger momentum, which affects only evaluation.
    """

    def __init__(self, test: RangeTest, learner: Learner) -> None:
        self._name, self._every, self._learner = test.measure, test.measures_every, learner
        self.is_wanted = test.measure != "train_loss"
        if self.is_wanted:
            for module in batch_norms(learner.bare_model):
                module.momentum = max(module.momentum or 0.0, _MOMENTUM)

    def is_due(self, step: int, steps: int) -> bool:
        """Return whether to measure after a step: every few steps, and after the last."""
        return self.is_wanted and ((step + 1) % self._every == 0 or step + 1 == steps)

    def take(self) -> dict[str, float]:
        """Return the metrics on held-back data without any effect on training. All ranks call this.

        Raises:
            TrainingError: The dataset has no such metric.
        """
        metrics = self._learner.evaluate()
        if self._name not in metrics:
            there = " or ".join(["train_loss", *(name for name in metrics if name in {"val_loss", "val_accuracy"})])
            message = f"range_test.measure {self._name} does not exist for this dataset: take {there}"
            raise TrainingError(Reason.INVALID_DATA, message)
        return metrics
