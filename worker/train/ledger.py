"""Collects the losses of a few steps on the device, then averages them over ranks in one message.

With the losses travel rank 0's clock-bound decisions (is a checkpoint due, how many steps until the next exchange), so
that all ranks decide alike although their clocks differ.
"""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.train.world import World

EXCHANGE_INTERVAL_S = 0.25
MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Exchange:
    """What all ranks know after an exchange: mean losses of the steps since the last one, and rank 0's decision."""

    steps: list[int]
    losses: list[float]
    seconds: float
    checkpoint_due: bool


class Ledger:
    """Losses since the last exchange.

    Args:
        world: The ranks.
        checkpoint_interval_s: Seconds between checkpoints, by rank 0's clock.
    """

    def __init__(self, world: World, checkpoint_interval_s: float) -> None:
        self._world, self._checkpoint_interval_s = world, checkpoint_interval_s
        self._steps: list[int] = []
        self._losses: list[Tensor] = []
        self._period = 1
        self._begun = self._checkpointed = time.monotonic()

    def add(self, step: int, loss: Tensor) -> None:
        """Keep this rank's loss of a step, on the device."""
        self._steps.append(step)
        self._losses.append(loss)

    @property
    def is_due(self) -> bool:
        """Whether it is time for an exchange; the same on every rank."""
        return len(self._steps) >= self._period

    def exchange(self) -> Exchange:
        """Average the losses over ranks and take over rank 0's decisions. All ranks call this at the same step."""
        losses = torch.stack(self._losses).to(torch.float64)
        now = time.monotonic()
        due, period = self._decide(now)
        said = torch.tensor([due, period], dtype=torch.float64, device=losses.device) * (self._world.rank == 0)
        agreed = self._world.total(torch.cat([losses, said])).tolist()
        mean = [loss / self._world.size for loss in agreed[:-2]]
        result = Exchange(self._steps, mean, now - self._begun, bool(agreed[-2]))
        self._period, self._begun = int(agreed[-1]), now
        self._steps, self._losses = [], []
        if result.checkpoint_due:
            self._checkpointed = now
        return result

    def _decide(self, now: float) -> tuple[bool, int]:
        a_step_s = (now - self._begun) / len(self._steps)
        period = min(max(round(EXCHANGE_INTERVAL_S / max(a_step_s, 1e-6)), 1), MOST_STEPS)
        return now - self._checkpointed >= self._checkpoint_interval_s, period
