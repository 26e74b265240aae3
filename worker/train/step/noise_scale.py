"""Measures the gradient noise scale from two gradients that a step computes anyway: of part of its batch and of all.

The small batch is that of a rank, before gradients are averaged over ranks; on one rank it is the first piece of an
accumulated batch. Hooks on the weights compute its norm, in measured steps only. `DistributedDataParallel` and its sums
do not change, so a measured training is the same bit by bit.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from clr_core.noise_scale import NoiseScale, Smoothed, moments
from clr_core.schedules.batch_size import BatchSizeSchedule
from jobs.spec.conditions import Conditions
from jobs.spec.training import NoiseScale as Options


class SmallBatchGradient:
    """Squared norm of the gradient of a part of a step's batch.

    A hook on a weight runs when its gradient has been accumulated and before `DistributedDataParallel` sees it. In a
    batch of several pieces it runs once for each, with the sum so far.

    Args:
        parameters: The weights.
        first: Whether to use the gradient after the first piece, not after the last.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, first: bool) -> None:
        self._parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self._first = first
        self._norms: dict[int, Tensor] = {}

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure a step within this block."""
        self._norms = {}
        handles = [
            parameter.register_post_accumulate_grad_hook(partial(self._note, place))
            for place, parameter in enumerate(self._parameters)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def squared_norm(self) -> Tensor:
        """Return the value of the last measured step: a scalar on the device, summed in the order of the weights."""
        return torch.stack([self._norms[place] for place in sorted(self._norms)]).square().sum()

    def _note(self, place: int, parameter: Tensor) -> None:
        if parameter.grad is not None and not (self._first and place in self._norms):
            self._norms[place] = torch.linalg.vector_norm(parameter.grad)


class NoiseMeter:
    """Measures at intervals, and keeps the averages.

    Args:
        options: The interval and the smoothing.
        model: The trained model.
        conditions: Ranks and pieces.
        sizes: Global batch size of every step.

    Attributes:
        scale: The averages so far.
    """

    def __init__(self, options: Options, model: nn.Module, conditions: Conditions, sizes: BatchSizeSchedule) -> None:
        self._options, self._sizes, self._ranks = options, sizes, conditions.world_size
        self._piece = conditions.rank_batch_size // conditions.accumulation_steps
        self._small = SmallBatchGradient(model.parameters(), first=self._ranks == 1)
        self.scale = NoiseScale()

    def is_due(self, step: int) -> bool:
        """Return whether a step is measured: not if its whole batch is one piece."""
        return step % self._options.every == 0 and self._small_size(step) < self._sizes.batch_size_at(step)

    def measured(self) -> AbstractContextManager[None]:
        """Measure a step within this block."""
        return self._small.measured()

    def squares(self, step: int, gradient_norm: Tensor) -> Tensor:
        """Return squared norms of a measured step, ``[2] float32``: of this rank's small batch and of the whole."""
        small = self._small.squared_norm()
        if self._ranks == 1:  # the sum has the first piece weighted by its share of the batch
            small = small * (self._sizes.batch_size_at(step) / self._small_size(step)) ** 2
        return torch.stack([small, gradient_norm.square()])

    def add(self, squares: dict[int, tuple[float, float]]) -> tuple[list[int], dict[str, list[float]]]:
        """Add the squared norms of some steps, averaged over ranks.

        Returns:
            The steps, and the averages after each by metric. A step whose gradient is not finite is left out.
        """
        steps: list[int] = []
        values: dict[str, list[float]] = {"noise_scale": [], "gradient_signal": [], "gradient_noise": []}
        for step, (small, big) in squares.items():
            if not (small < float("inf") and big < float("inf")):
                continue
            one = moments(small, big, small=self._small_size(step), big=self._sizes.batch_size_at(step))
            self.scale = self.scale.add(one, self._options.decay)
            steps.append(step)
            now = (self.scale.value, self.scale.signal.mean, self.scale.noise.mean)
            for series, value in zip(values.values(), now, strict=True):
                series.append(value)
        return steps, values

    def state_dict(self) -> dict[str, Any]:
        """Return the averages for a checkpoint."""
        return asdict(self.scale)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore averages that `state_dict` returned."""
        self.scale = NoiseScale(Smoothed(**state["signal"]), Smoothed(**state["noise"]), state["measurements"])

    def _small_size(self, step: int) -> int:
        size = self._sizes.batch_size_at(step)
        return size // self._ranks if self._ranks > 1 else min(self._piece, size)
