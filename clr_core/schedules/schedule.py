"""The type `Schedule`: a pure function of the step."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import validation


class Track(Protocol):
    """One quantity (an LR, a momentum) over steps: immutable, and a pure function of the step.

    Whoever wants a form of their own writes a track and hands it to `Schedule`.
    """

    def at(self, step: int) -> float:
        """Return the value at ``step`` >= 0; past an end, the value arrived at."""

    def curve(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the values at ``steps``, an array of any length of steps >= 0."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """LR and momentum at every step of a run; an immutable value, equal to another of the same arguments.

    The step is the index of an optimizer update, from zero; the value at ``step`` is the one that update uses.
    Past its end a schedule holds the value it arrived at.

    Attributes:
        lr: The learning rates.
        momentum: The momentum of SGD or the beta1 of Adam; None where it does not cycle.
        total_steps: Updates until the end; None where the schedule is endless.
    """

    lr: Track
    momentum: Track | None = None
    total_steps: int | None = None

    def lr_at(self, step: int) -> float:
        """Return the learning rate of update number ``step``, from zero.

        Raises:
            InvalidArgumentError: ``step`` is negative.
        """
        if step < 0:
            raise InvalidArgumentError("step", step, "a step >= 0")
        return self.lr.at(step)

    def momentum_at(self, step: int) -> float | None:
        """Return the momentum of update number ``step``, None where momentum does not cycle.

        Raises:
            InvalidArgumentError: ``step`` is negative.
        """
        if step < 0:
            raise InvalidArgumentError("step", step, "a step >= 0")
        return None if self.momentum is None else self.momentum.at(step)

    def curve(self, n: int) -> NDArray[np.float64]:
        """Return the learning rates of steps 0 to ``n`` - 1, shape (n,).

        Equal to `lr_at` to the last bit wherever the formula is arithmetic alone. Where it has a cosine, a power
        or a square root of numpy's, the two differ by at most 4 ulps of the highest LR among them.

        Raises:
            InvalidArgumentError: ``n`` is negative or no whole number.
        """
        return self.lr.curve(np.arange(validation.steps("n", n, at_least=0), dtype=np.int64))

    def momentum_curve(self, n: int) -> NDArray[np.float64] | None:
        """Return the momentum of steps 0 to ``n`` - 1, shape (n,); None where momentum does not cycle.

        Raises:
            InvalidArgumentError: ``n`` is negative or no whole number.
        """
        steps = np.arange(validation.steps("n", n, at_least=0), dtype=np.int64)
        return None if self.momentum is None else self.momentum.curve(steps)
