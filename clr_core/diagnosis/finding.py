"""Input and output of a diagnosis: evaluations and findings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clr_core.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a training.

    Attributes:
        step: Zero-based step after which it was made.
        train_loss: Mean training loss of the steps since the evaluation before; may be NaN or infinite.
        val_loss: Validation loss at the weights of this step; may be NaN or infinite.
        lr: Learning rate of this step.
    """

    step: int
    train_loss: float
    val_loss: float
    lr: float


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a curve that one can act on.

    Attributes:
        code: ``overfitting``, ``divergence``, ``loss_exploded``, ``plateau`` or ``peak_too_small``.
        step: Zero-based step of the evaluation, or of the loss, at which it shows.
        message: What is seen, with its numbers.
        evidence: The numbers, all finite.
        advice: What to try next, and who says so.
    """

    code: str
    step: int
    message: str
    advice: str
    evidence: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As a document of JSON's types."""
        return {
            "code": self.code, "step": self.step, "message": self.message, "evidence": dict(self.evidence),
            "advice": self.advice,
        }  # fmt: skip


def finite_part(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """The evaluations before the first that is not finite.

    Raises:
        InvalidArgumentError: Steps do not rise strictly.
    """
    part: list[Evaluation] = []
    for one in evaluations:
        if part and one.step <= part[-1].step:
            raise InvalidArgumentError("evaluations", one.step, f"in order of rising steps, after {part[-1].step}")
        if not all(math.isfinite(value) for value in (one.train_loss, one.val_loss, one.lr)):
            break
        part.append(one)
    return part
