"""From the optimizer of the conditions to a torch optimizer."""

from collections.abc import Iterable

import torch
from torch import nn

from jobs.conditions import Adam, Sgd


def build_optimizer(spec: Sgd | Adam, parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """The optimizer at its first learning rate."""
    if isinstance(spec, Sgd):
        return torch.optim.SGD(
            parameters, lr=lr, momentum=spec.momentum, weight_decay=spec.weight_decay, nesterov=spec.nesterov
        )
    betas = (spec.betas[0], spec.betas[1])
    kind = torch.optim.Adam if spec.name == "adam" else torch.optim.AdamW
    return kind(parameters, lr=lr, betas=betas, eps=spec.eps, weight_decay=spec.weight_decay)
