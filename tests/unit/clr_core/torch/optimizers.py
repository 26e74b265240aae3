"""Optimizers of every kind on small weights, and a training of them that depends on the step alone."""

import io
from collections.abc import Callable
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from clr_core.schedules import one_cycle, triangular

Build = Callable[[Any], torch.optim.Optimizer]
OPTIMIZERS: dict[str, Build] = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9),
    "sgd, nesterov": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True),
    "sgd, fused": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, fused=True),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.1),
    "adam, fused": lambda groups: torch.optim.Adam(groups, lr=0.1, fused=True),
    "adam, tensor": lambda groups: torch.optim.Adam(groups, lr=torch.tensor(0.1), foreach=False),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.1),
    "adamw, fused": lambda groups: torch.optim.AdamW(groups, lr=0.1, fused=True),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=0.1, momentum=0.9),
}
RUN = one_cycle(0.05, 120, base_momentum=0.85, max_momentum=0.95)
CYCLE = triangular(0.001, 0.02, 17, base_momentum=0.8, max_momentum=0.9)


def weights(groups: int) -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(groups)
    return [torch.nn.Parameter(torch.randn(4, generator=generator)) for _ in range(groups)]


def made(build: Build, groups: int) -> tuple[list[torch.nn.Parameter], torch.optim.Optimizer]:
    parameters = weights(groups)
    return parameters, build([{"params": [parameter]} for parameter in parameters])


def train(optimizer: torch.optim.Optimizer, scheduler: LRScheduler, first: int, count: int) -> list[list[float]]:
    """LR and momentum of every group and step; the loss of a step depends on the step alone."""
    seen = []
    for step in range(first, first + count):
        seen.append([float(value) for group in optimizer.param_groups for value in (group["lr"], momentum_of(group))])
        optimizer.zero_grad()
        target = torch.sin(torch.arange(4.0) + step)
        torch.stack([((p - target) ** 2).sum() for g in optimizer.param_groups for p in g["params"]]).sum().backward()
        optimizer.step()
        scheduler.step()
    return seen


def momentum_of(group: dict[str, Any]) -> Any:
    return group["betas"][0] if "betas" in group else group.get("momentum", 0.0)


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded
