"""What is known of the training that bounds are for, and does not show in the curve of a range test."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Training:
    """The training that bounds are for; every field may be unknown.

    Attributes:
        optimizer: Name in small letters as PyTorch has it: ``sgd``, ``adam``, ``adamw``, ``rmsprop``, ``adagrad``,
            ``nadam``, ``adamax`` or another; momentum is no part of the name. None if unknown.
        momentum: Whether the optimizer has momentum or, as Adam's first beta, its like; None if unknown.
        nesterov: Whether the momentum is Nesterov's; None if unknown.
        batch_norm: Whether the network has batch norm; None if unknown.
        held_back: Whether the losses of the curves are those of held-back data, measured in evaluation mode.
        clipped: Whether gradients are clipped.
        batch_size: Samples in one update; None if unknown.
        steps: Updates of the training to come; None if unknown.
        epochs: Passes over the training data; None if unknown.
    """

    optimizer: str | None = None
    momentum: bool | None = None
    nesterov: bool | None = None
    batch_norm: bool | None = None
    held_back: bool = False
    clipped: bool = False
    batch_size: int | None = None
    steps: int | None = None
    epochs: float | None = None

    @property
    def is_plain_sgd(self) -> bool:
        """Whether it is known to be SGD without momentum; an optimizer without momentum and name counts as SGD."""
        return self.optimizer in {None, "sgd"} and self.momentum is False

    @property
    def lagging_statistics(self) -> bool:
        """Whether losses were measured with the running means of batch norm."""
        return self.held_back and self.batch_norm is True


UNKNOWN: Final = Training()
