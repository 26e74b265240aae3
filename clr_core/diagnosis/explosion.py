"""Explosion: a loss that is still finite, but far above the loss of an untrained model."""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Final

from clr_core.diagnosis.finding import Finding

FAR: Final = 5.0  # times the start: a high rate may take a healthy loss to twice its start, and back
ABOVE: Final = 1.25  # times the start: what a training loss that ends there has not only by noise
SMOOTHED: Final = 5  # steps: their median passes over two batches that are unlike the others

_ADVICE: Final = (
    "The learning rate is too high for these conditions: take a lower max_lr, best from a range test under the same "
    "conditions (Smith, arXiv:1506.01186, section 3.3). Weights that such a loss was taken with seldom recover."
)


class Explosion:
    """Follows the training loss, and judges its end.

    The start is the loss of the first step, or that of guessing if it is higher: a loss below that is no failure, even
    if it was lower before.

    Args:
        of_guessing: Loss of an uninformed model.

    Attributes:
        first: Loss of the first step, None until it is known.
        recent: The newest losses, which a resumed training restores.
    """

    def __init__(self, of_guessing: float) -> None:
        self.first: float | None = None
        self.recent: deque[float] = deque(maxlen=SMOOTHED)
        self._of_guessing = of_guessing
        self._is_found = False

    @property
    def start(self) -> float:
        """The loss that others are compared with."""
        return max(self._of_guessing, self.first or 0.0)

    def see(self, steps: Sequence[int], losses: Sequence[float], lrs: Sequence[float]) -> Finding | None:
        """Add finite training losses, and return a finding when they first show one.

        Args:
            steps: Zero-based steps, rising.
            losses: Training loss of each, the mean over all ranks.
            lrs: Learning rate of each.
        """
        found = None
        for step, loss, lr in zip(steps, losses, lrs, strict=True):
            if step == 0:
                self.first = loss
            self.recent.append(loss)
            is_high = loss > FAR * self.start and len(self.recent) == SMOOTHED
            if is_high and not self._is_found and (level := median(self.recent)) > FAR * self.start:
                self._is_found, found = True, self._finding(step, level, lr)
        return found

    def ruin(self, val_loss: float) -> str | None:
        """Return why a training that ends here has failed; None if it has not.

        It has failed if validation loss is not finite, if the last training losses are far above the start, or if
        validation loss is far above and the last training losses are clearly above the start. A high validation loss
        alone is no sign: overfitting raises it, and so do lagging running statistics of batch norm.
        """
        if not math.isfinite(val_loss):
            return f"validation loss is {val_loss} at the end"
        if not self.recent:
            return None
        last, far = median(self.recent), FAR * self.start
        if last > far or (val_loss > far and last > ABOVE * self.start):
            return (
                f"training loss is {last:.3g} and validation loss {val_loss:.3g} at the end; a model that has learned "
                f"nothing has {self.start:.3g}"
            )
        return None

    def _finding(self, step: int, level: float, lr: float) -> Finding:
        message = (
            f"training loss rose to {level:.3g} by step {step}, at a learning rate of {lr:.3g}; a model that has "
            f"learned nothing has {self.start:.3g}"
        )
        return Finding("loss_exploded", step, message, _ADVICE, {"train_loss": level, "start": self.start, "lr": lr})
