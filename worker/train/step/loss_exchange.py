"""Collects the losses of a few steps on the device, then averages them over ranks in one all-reduce.

The same exchange sends rank 0's decisions that depend on a clock or a file (whether a checkpoint is due, whether this
attempt ends, how many steps until the next exchange), so that all ranks decide alike although their clocks differ.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.train.process_group import ProcessGroup

EXCHANGE_INTERVAL_S = 0.25
MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Exchange:
    """The result of an exchange, equal on all ranks: mean losses since the last exchange, and rank 0's decisions.

    ``gradient_norms`` is empty if they are not observed. ``gradient_squares`` has squared norms of the gradients of a
    small batch and of the step's batch, for each measured step.
    """

    steps: list[int]
    losses: list[float]
    gradient_norms: list[float]
    gradient_squares: dict[int, tuple[float, float]]
    seconds: float
    checkpoint_due: bool
    stop: bool


class LossBuffer:
    """Buffers the losses since the last exchange.

    Args:
        world: The ranks.
        checkpoint_interval_s: Seconds between checkpoints, by rank 0's clock.
        is_asked_to_stop: Whether this attempt must save and end; only rank 0 calls it.
    """

    def __init__(self, world: ProcessGroup, checkpoint_interval_s: float, is_asked_to_stop: Callable[[], bool]) -> None:
        self._world, self._checkpoint_interval_s = world, checkpoint_interval_s
        self._is_asked_to_stop = is_asked_to_stop
        self._steps: list[int] = []
        self._losses: list[Tensor] = []
        self._norms: list[Tensor] = []
        self._squares: dict[int, Tensor] = {}
        self._period = 1
        self._begun = self._checkpointed = time.monotonic()

    def add(self, step: int, loss: Tensor, gradient_norm: Tensor | None = None) -> None:
        """Keep this rank's loss of a step, on the device, and the norm of the averaged gradient if it is observed."""
        self._steps.append(step)
        self._losses.append(loss)
        if gradient_norm is not None:
            self._norms.append(gradient_norm)

    def add_squares(self, step: int, squares: Tensor) -> None:
        """Keep squared norms of this rank's and of the averaged gradient, ``[2] float32`` on the device."""
        self._squares[step] = squares

    @property
    def is_due(self) -> bool:
        """Return whether an exchange is due; the same on every rank."""
        return len(self._steps) >= self._period

    def exchange(self) -> Exchange:
        """Average the losses over ranks and adopt rank 0's decisions. All ranks call this at the same step."""
        # Sums over ranks of float32 numbers in float64 are exact, so that they do not depend on the order of ranks.
        measured = torch.stack([*self._losses, *(part for pair in self._squares.values() for part in pair)])
        measured = measured.to(torch.float64)
        now = time.monotonic()
        due, stop, period = self._decide(now) if self._world.rank == 0 else (False, False, 0)
        said = torch.tensor([due, stop, period], dtype=torch.float64, device=measured.device)
        *sums, due_sum, stop_sum, period_sum = self._world.total(torch.cat([measured, said])).tolist()
        mean = [value / self._world.size for value in sums]
        losses, parts = mean[: len(self._steps)], iter(mean[len(self._steps) :])
        squares = {step: (next(parts), next(parts)) for step in self._squares}
        # Gradients are averaged already, so the norms are the same on every rank.
        norms = torch.stack(self._norms).tolist() if self._norms else []
        result = Exchange(self._steps, losses, norms, squares, now - self._begun, bool(due_sum), bool(stop_sum))
        self._period, self._begun = int(period_sum), now
        self._steps, self._losses, self._norms, self._squares = [], [], [], {}
        if result.checkpoint_due:
            self._checkpointed = now
        return result

    def _decide(self, now: float) -> tuple[bool, bool, int]:
        a_step_s = (now - self._begun) / len(self._steps)
        period = min(max(round(EXCHANGE_INTERVAL_S / max(a_step_s, 1e-6)), 1), MOST_STEPS)
        return now - self._checkpointed >= self._checkpoint_interval_s, self._is_asked_to_stop(), period
