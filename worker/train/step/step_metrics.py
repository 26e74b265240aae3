"""Metrics of every step between two exchanges: the values that the optimizer used."""

from typing import Any

import torch
from torch import Tensor, nn

from worker.train.step.loss_exchange import Exchange


class Rates:
    """LR and momentum of the steps since the last exchange.

    Args:
        optimizer: The optimizer, whose first parameter group is read.
        cycles_momentum: Whether there is a momentum to record.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, *, cycles_momentum: bool) -> None:
        self._optimizer, self._cycles_momentum = optimizer, cycles_momentum
        self._lr: list[float] = []
        self._momentum: list[float] = []

    def note(self) -> None:
        """Record the values of the next step."""
        group: dict[str, Any] = self._optimizer.param_groups[0]
        self._lr.append(float(group["lr"]))
        if self._cycles_momentum:
            self._momentum.append(float(group["betas"][0] if "betas" in group else group["momentum"]))

    def take(self) -> dict[str, list[float]]:
        """Return the recorded values by metric, one for each step, and reset them."""
        taken = {"lr": self._lr} | ({"momentum": self._momentum} if self._cycles_momentum else {})
        self._lr, self._momentum = [], []
        return taken


def gradient_norm(model: nn.Module) -> Tensor:
    """Return the Euclidean norm of the last update's gradient, a scalar that stays on the device.

    Gradients are averaged over ranks already, so every rank has the same norm. It excludes weight decay.
    """
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    return torch.nn.utils.get_total_norm(gradients)


def step_metrics(exchange: Exchange, rates: dict[str, list[float]], samples: int) -> dict[str, list[float]]:
    """Return all metrics of the steps of an exchange; samples/s is their mean over all ranks."""
    speed = samples / max(exchange.seconds, 1e-9)
    values = {"train_loss": exchange.losses, **rates, "samples_per_s": [speed] * len(exchange.steps)}
    return values | ({"gradient_norm": exchange.gradient_norms} if exchange.gradient_norms else {})
