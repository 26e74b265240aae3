"""Averages of the weights of a training: exponential moving averages, or plain means over the ends of cycles."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

import torch
from torch import Tensor, nn


class WeightAverage:
    """``average = decay * average + (1 - decay) * weights`` after every step, from the initial weights on.

    Floating-point buffers (batch norm's running statistics) are averaged too; other buffers are the model's. After n
    steps the initial weights have weight ``decay ** n``: 1 / (1 - decay) should be well below n.

    Args:
        model: The model whose weights are averaged, with the initial weights.
        decay: In (0, 1).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model, self._decay = model, decay
        self._average = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Add the current weights to the average."""
        weights = self._model.state_dict()
        names = [name for name, value in self._average.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [self._average[name] for name in names], [weights[name] for name in names], 1 - self._decay
        )
        for name in self._average.keys() - set(names):
            self._average[name].copy_(weights[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the model the averaged weights within the block, and its own weights after it."""
        own = {name: value.detach().clone() for name, value in self._model.state_dict().items()}
        self._model.load_state_dict(self._average)
        try:
            yield
        finally:
            self._model.load_state_dict(own)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the averaged weights, by the model's names."""
        return self._average

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore averaged weights that `state_dict` returned."""
        for name, value in self._average.items():
            value.copy_(state[name])


class CycleAverageState(TypedDict):
    """The state of a `CycleAverage` in a checkpoint."""

    mean: dict[str, Tensor]
    count: int


class CycleAverage:
    """Plain mean of the weights at the ends of cycles (Izmailov et al. 2018, arXiv:1803.05407, algorithm 1).

    Args:
        model: The model whose weights are averaged.
        ends: Zero-based steps after which weights are added.

    Attributes:
        count: Number of averaged weights.
    """

    def __init__(self, model: nn.Module, ends: range) -> None:
        self._model, self._ends = model, ends
        self._mean = {name: value.detach().clone() for name, value in model.state_dict().items()}
        self.count = 0

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the weights after ``step``, if a cycle ends there."""
        if step not in self._ends:
            return
        self.count += 1
        for name, value in self._model.state_dict().items():
            if value.is_floating_point():
                self._mean[name].lerp_(value, 1 / self.count)
            else:
                self._mean[name].copy_(value)

    def take_over(self) -> None:
        """Give the model the mean. Running statistics of batch norm must be recomputed after that."""
        self._model.load_state_dict(self._mean)

    def state_dict(self) -> CycleAverageState:
        """Return the mean, by the model's names, and the number of averaged weights."""
        return {"mean": self._mean, "count": self.count}

    @torch.no_grad()
    def load_state_dict(self, state: CycleAverageState) -> None:
        """Restore a mean that `state_dict` returned."""
        self.count = state["count"]
        for name, value in self._mean.items():
            value.copy_(state["mean"][name])
