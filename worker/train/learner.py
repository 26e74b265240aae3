"""A model that learns: what a range test and a training have in common, and must have in common."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from clr_core.schedules import constant_batch_size
from jobs.conditions import Conditions
from worker.train.data import Data
from worker.train.feed import Feed, make_feed, validation_batches
from worker.train.models import build_model
from worker.train.objective import objective_of
from worker.train.optimizers import build_optimizer
from worker.train.world import World


class Learner:
    """Model, optimizer and data on one rank; every rank starts from the same weights.

    Args:
        world: The ranks.
        data: The dataset on this rank's device.
        conditions: What is trained, and how.
        seed: Seed of the initial weights.
        lr: Learning rate of the first step.
    """

    def __init__(self, world: World, data: Data, conditions: Conditions, *, seed: int, lr: float) -> None:
        torch.manual_seed(seed)
        self.objective = objective_of(data, conditions.label_smoothing)
        model = build_model(conditions.model, data.shape, self.objective.outputs).to(world.device)
        torch.manual_seed(seed + world.rank)  # from here on ranks may draw different numbers (dropout)
        self.world, self.data, self.conditions = world, data, conditions
        self.optimizer = build_optimizer(conditions.optimizer, model.parameters(), lr)
        devices = [world.device] if world.device.type == "cuda" else None
        self.model: nn.Module = DistributedDataParallel(model, device_ids=devices, gradient_as_bucket_view=True)
        self._model = model
        self._feed: Feed | None = None

    @property
    def bare_model(self) -> nn.Module:
        """The model without DistributedDataParallel around it."""
        return self._model

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on, beside random states and the step's number."""
        return {"model": self._model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a state that `state_dict` gave."""
        self._model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])

    def step(self, step: int, seed: int) -> Tensor:
        """One update on this rank's part of the step's global batch; gradients are averaged over ranks.

        Args:
            step: Zero-based step, which says which samples.
            seed: Seed of the data order.

        Returns:
            Loss of this rank's part before the update, a scalar on the device.
        """
        inputs, targets = self._feed_of(seed).batch(step)
        with self._autocast():
            loss = self.objective.loss(self.model(inputs), targets, self.conditions.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """The objective's metrics on the validation split, each rank taking its share."""
        for buffer in self._model.buffers():  # batch norm's running statistics are those of rank 0
            torch.distributed.broadcast(buffer, 0)
        self._model.eval()
        sums = torch.zeros(self.objective.sums_size, dtype=torch.float64, device=self.world.device)
        size = max(self.conditions.rank_batch_size, 256)
        for inputs, targets in validation_batches(self.data, self.world, size):
            with self._autocast():
                outputs = self._model(inputs)
            sums += self.objective.sums(outputs, targets)
        self._model.train()
        return self.objective.metrics(self.world.total(sums), len(self.data.val))

    def _feed_of(self, seed: int) -> Feed:
        if self._feed is None or self._feed.order.seed != seed:
            sizes = constant_batch_size(self.conditions.global_batch_size)
            self._feed = make_feed(self.data, self.world, seed=seed, sizes=sizes)
        return self._feed

    def _autocast(self) -> AbstractContextManager[object]:
        if self.conditions.precision == "bf16":
            return torch.autocast(self.world.device.type, dtype=torch.bfloat16)
        return nullcontext()
