"""Measurements of a range test besides the training loss: loss and accuracy on held-back data, every few steps."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from jobs.errors import TrainingError
from jobs.spec.range_test import RangeTest
from jobs.status import Reason
from worker.train.step.learner import Learner

# Batch norm evaluates with running means of the last 1 / momentum steps. With torch's 0.1 these lag by ten steps, over
# which a range test multiplies the rate by five: evaluation breaks down that much earlier than training does. Half of
# the lag in decades is gone at 0.5; the rest is said in a warning. Running means are not used in training, so this
# changes nothing else.
_MOMENTUM = 0.5


def batch_norms(model: nn.Module) -> list[_BatchNorm]:
    """The batch norm layers of a model."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


class Measure:
    """Takes the measure of a range test from a learner.

    Args:
        test: What to measure, and how often.
        learner: Whose model; its batch norm forgets faster from now on, for evaluation only.
    """

    def __init__(self, test: RangeTest, learner: Learner) -> None:
        self._name, self._every, self._learner = test.measure, test.measures_every, learner
        self.is_wanted = test.measure != "train_loss"
        if self.is_wanted:
            for module in batch_norms(learner.bare_model):
                module.momentum = max(module.momentum or 0.0, _MOMENTUM)

    def is_due(self, step: int, steps: int) -> bool:
        """Whether to measure after a step: every few steps, and after the last."""
        return self.is_wanted and ((step + 1) % self._every == 0 or step + 1 == steps)

    def take(self) -> dict[str, float]:
        """Metrics on held-back data; training goes on as if nobody had asked. All ranks call this.

        Raises:
            TrainingError: The dataset has no such metric.
        """
        metrics = self._learner.evaluate()
        if self._name not in metrics:
            there = " or ".join(["train_loss", *(name for name in metrics if name in {"val_loss", "val_accuracy"})])
            message = f"range_test.measure {self._name} does not exist for this dataset: take {there}"
            raise TrainingError(Reason.INVALID_DATA, message)
        return metrics
