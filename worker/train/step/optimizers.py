"""Builds the torch optimizer that conditions describe."""

import importlib
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from jobs.errors import TrainingError
from jobs.spec.optimizers import Adam, AdaptiveExtra, AnyOptimizer, ScheduleFreeSgd, Sgd
from jobs.status import Reason


def build_optimizer(spec: AnyOptimizer, parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """Return the optimizer at its first learning rate, ready to train.

    Raises:
        TrainingError: It needs an extra that is not installed.
    """
    if isinstance(spec, Sgd):
        return torch.optim.SGD(
            parameters, lr=lr, momentum=spec.momentum, weight_decay=spec.weight_decay, nesterov=spec.nesterov,
            fused=spec.fused or None,
        )  # fmt: skip
    if isinstance(spec, Adam):
        kind = torch.optim.Adam if spec.name == "adam" else torch.optim.AdamW
        return kind(
            parameters, lr=lr, betas=(spec.betas[0], spec.betas[1]), eps=spec.eps, weight_decay=spec.weight_decay,
            fused=spec.fused or None,
        )  # fmt: skip
    return _of_an_extra(spec, parameters, lr)


def _of_an_extra(
    spec: ScheduleFreeSgd | AdaptiveExtra, parameters: Iterable[nn.Parameter], lr: float
) -> torch.optim.Optimizer:
    optimizer: torch.optim.Optimizer
    if isinstance(spec, ScheduleFreeSgd):
        package = _extra("schedulefree", spec.name)
        optimizer = package.SGDScheduleFree(
            parameters, lr=lr, momentum=spec.momentum, weight_decay=spec.weight_decay, foreach=False
        )
    else:
        options: dict[str, Any] = {"lr": lr, "betas": tuple(spec.betas), "eps": spec.eps}
        options["weight_decay"] = spec.weight_decay
        if spec.name == "prodigy":
            return _extra("prodigyopt", spec.name).Prodigy(parameters, **options)  # type: ignore[no-any-return]
        optimizer = _extra("schedulefree", spec.name).AdamWScheduleFree(parameters, **options, foreach=False)
    to_train(optimizer)
    return optimizer


def to_train(optimizer: torch.optim.Optimizer) -> None:
    """Switch the model to the weights for training: schedule-free optimizers keep two sets."""
    if hasattr(optimizer, "train"):
        optimizer.train()


def to_evaluate(optimizer: torch.optim.Optimizer) -> None:
    """Switch the model to the weights for evaluation; the counterpart of `to_train`."""
    if hasattr(optimizer, "eval"):
        optimizer.eval()


def _extra(package: str, optimizer: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise TrainingError(
            Reason.NOT_INSTALLED,
            f"optimizer {optimizer} needs the package {package} in the worker's environment: "
            f"pip install 'clr-service[{package}]'",
        ) from error
