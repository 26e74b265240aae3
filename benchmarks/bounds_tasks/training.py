"""One range test and one 1cycle training of a task, as lrbench defines them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from benchmarks.bounds_tasks.sources import Data
from benchmarks.bounds_tasks.tasks import OwnTask
from clr_core.range_test import RangeTestPlan

_OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adagrad": torch.optim.Adagrad,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "rmsprop": torch.optim.RMSprop,
}


@dataclass
class Session:
    """Network, optimizer and stream of batches of one run; everything follows from the seed."""

    task: OwnTask
    data: Data
    seed: int
    lr: float

    def __post_init__(self) -> None:
        torch.manual_seed(self.seed)
        self.model = self.task.model()
        options: dict[str, Any] = dict(self.task.options)
        self.optimizer = _OPTIMIZERS[self.task.optimizer](self.model.parameters(), lr=self.lr, **options)
        self.loss_of: nn.Module = nn.CrossEntropyLoss() if self.task.kind == "cls" else nn.MSELoss()
        held_back = len(self.data[0]) // 4
        self.train = self.data[0][:-held_back], self.data[1][:-held_back]
        self.held = self.data[0][-held_back:], self.data[1][-held_back:]
        self.order = torch.Generator().manual_seed(1000 + self.seed)
        self.queue: list[Tensor] = []

    def batch(self) -> Data:
        """Next batch; the order is drawn anew each epoch and incomplete batches are dropped."""
        if not self.queue:
            shuffled = torch.randperm(len(self.train[0]), generator=self.order)
            size = self.task.batch_size
            self.queue = [shuffled[k * size : (k + 1) * size] for k in reversed(range(self.steps_in_epoch()))]
        index = self.queue.pop()
        return self.train[0][index], self.train[1][index]

    def steps_in_epoch(self) -> int:
        """Complete batches in an epoch."""
        return len(self.train[0]) // self.task.batch_size

    def step(self) -> float:
        """One update; returns the batch loss before it."""
        x, y = self.batch()
        loss: Tensor = self.loss_of(self.model(x), y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.task.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.task.clip)
        self.optimizer.step()
        return float(loss.detach())

    def validate(self) -> tuple[float, float | None]:
        """Loss and, for classification, accuracy on the held-back quarter."""
        self.model.eval()
        with torch.no_grad():
            out = self.model(self.held[0])
            loss = float(self.loss_of(out, self.held[1]))
            hits = float((out.argmax(1) == self.held[1]).float().mean()) if self.task.kind == "cls" else None
        self.model.train()
        return loss, hits


def range_test(task: OwnTask, data: Data, plan: RangeTestPlan, seed: int, *, validate: bool) -> dict[str, Any]:
    """One sweep in lrbench's format; ends at the first non-finite loss, stored as null."""
    run = Session(task, data, seed, plan.start_lr)
    lrs: list[float] = []
    losses: list[float | None] = []
    held: list[float | None] = []
    for lr in plan.lrs():
        for group in run.optimizer.param_groups:
            group["lr"] = lr
        loss = run.step()
        lrs.append(float(f"{lr:.6g}"))
        losses.append(_rounded(loss))
        if validate:
            held.append(_rounded(run.validate()[0]))
        if not math.isfinite(loss):
            break
    mode = "linear" if plan.spacing == "linear" else "exp"
    head = {
        "mode": mode,
        "start_lr": plan.start_lr,
        "end_lr": plan.end_lr,
        "num_iter": plan.steps,
        "seed": seed,
    }
    return head | {"lr": lrs, "loss": losses} | ({"val_loss": held} if validate else {})


def one_cycle(task: OwnTask, data: Data, max_lr: float, seed: int) -> dict[str, Any]:
    """One 1cycle training and its final loss on the held-back quarter."""
    run = Session(task, data, seed, max_lr)
    total = task.epochs * run.steps_in_epoch()
    cycled = "momentum" in task.options or "betas" in run.optimizer.defaults
    plan = OneCycleLR(run.optimizer, max_lr, total_steps=total, pct_start=0.3, div_factor=25, cycle_momentum=cycled)
    finite = True
    for k in range(total):
        finite = math.isfinite(run.step())
        if not finite:
            break
        if k + 1 < total:
            plan.step()
    loss, accuracy = run.validate()
    diverged = not (finite and math.isfinite(loss))
    return {
        "seed": seed,
        "max_lr": float(f"{max_lr:.6g}"),
        "val_loss": None if diverged else _rounded(loss),
        "val_acc": None if diverged else accuracy,
        "diverged": diverged,
    }


def _rounded(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None
