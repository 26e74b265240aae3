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
        train_loss: Mean training loss since the previous evaluation; may be NaN or infinite.
        val_loss: Validation loss at the weights of this step; may be NaN or infinite.
        lr: Learning rate of this step.
    """

    step: int
    train_loss: float
    val_loss: float
    lr: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem in a curve that the user can act on.

    Attributes:
        code: ``overfitting``, ``divergence``, ``loss_exploded``, ``plateau`` or ``peak_too_small``.
        step: Zero-based step of the evaluation, or of the loss, that shows it.
        message: The observation, with its numbers.
        evidence: The numbers, all finite.
        advice: What to try next, with a reference.
    """

    code: str
    step: int
    message: str
    advice: str
    evidence: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as a document of JSON types."""
        return {
            "code": self.code, "step": self.step, "message": self.message, "evidence": dict(self.evidence),
            "advice": self.advice,
        }  # fmt: skip


def finite_part(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Return the evaluations before the first non-finite one.

    Raises:
        InvalidArgumentError: Steps are not strictly increasing.
    """
    part: list[Evaluation] = []
    for one in evaluations:
        if part and one.step <= part[-1].step:
            raise InvalidArgumentError("evaluations", one.step, f"in order of rising steps, after {part[-1].step}")
        if not all(math.isfinite(value) for value in (one.train_loss, one.val_loss, one.lr)):
            break
        part.append(one)
    return part
