"""Range tests and 1cycle trainings of many members of a task at once."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.bounds_corpus.tasks import CorpusTask

PCT_START = 0.3
DIV_FACTOR = 25.0
FINAL_DIV_FACTOR = 1e4
MOMENTA = (0.85, 0.95)


def batches(task: CorpusTask, seed: int, steps: int) -> Tensor:
    """Points of each batch, shape (steps, batch); the order is drawn anew each epoch, without incomplete batches."""
    points, size = task.data.training_points, task.batch_size
    in_epoch = points // size
    source = torch.Generator().manual_seed(1000 + seed)
    epochs = [
        torch.randperm(points, generator=source)[: in_epoch * size].view(in_epoch, size)
        for _ in range(-(-steps // in_epoch))
    ]
    return torch.cat(epochs)[:steps]


def member_losses(task: CorpusTask, out: Tensor, y: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean loss of each member, shape (M,); ``y`` has the shape (M, batch) or (M, batch, outputs)."""
    if task.data.kind == "reg":
        return (out - y).square().mean(dim=(1, 2))
    flat = functional.cross_entropy(out.flatten(0, 1), y.flatten(), reduction="none", label_smoothing=smoothing)
    return flat.view(y.shape).mean(dim=1)


@dataclass
class Stack:
    """M members of a task: ``repeats`` rates for each of the seeds, those of one seed side by side."""

    task: CorpusTask
    seeds: Sequence[int]
    repeats: int
    steps: int

    def __post_init__(self) -> None:
        self.net = self.task.net()
        self.optimizer = self.task.optimizer()
        self.flat = self.net.initial(self.seeds).repeat_interleave(self.repeats, dim=0)
        self.leaves = self.net.leaves(self.flat)
        self.order = torch.stack([batches(self.task, seed, self.steps) for seed in self.seeds], dim=1)

    def _spread(self, rows: Tensor) -> Tensor:
        """From one row for each seed to one for each member."""
        shape = rows.shape[1:]
        return rows.unsqueeze(1).expand(-1, self.repeats, *shape).reshape(-1, *shape)

    def step(self, k: int, lr: Tensor) -> Tensor:
        """Update ``k`` at the rates ``lr``, shape (M, 1); returns the batch losses before it, shape (M,)."""
        index = self.order[k]
        x, y = self._spread(self.task.data.x[index]), self._spread(self.task.data.y[index])
        losses = member_losses(self.task, self.net(self.leaves, x, training=True), y, self.task.smoothing)
        grads = torch.autograd.grad(losses.sum(), self.leaves)
        with torch.no_grad():
            self.optimizer.step(self.flat, torch.cat([g.flatten(1) for g in grads], dim=1), lr)
        return losses.detach()

    def validate(self) -> tuple[Tensor, Tensor | None]:
        """Loss and accuracy of each member on the held-back points."""
        data, members = self.task.data, len(self.flat)
        x, y = (t[data.training_points :].expand(members, *[-1] * t.ndim) for t in (data.x, data.y))
        with torch.no_grad():
            out = self.net(self.leaves, x, training=False)
            losses = member_losses(self.task, out, y)
        return losses, (out.argmax(dim=2) == y).float().mean(dim=1) if data.kind == "cls" else None


def range_tests(task: CorpusTask, rates: Sequence[float], seeds: Sequence[int]) -> list[list[float]]:
    """Batch loss before each step, for each seed."""
    run = Stack(task, seeds, 1, len(rates))
    rows = [run.step(k, torch.full((len(seeds), 1), lr)) for k, lr in enumerate(rates)]
    return [[float(v) for v in column] for column in torch.stack(rows, dim=1)]


def one_cycle_shape(steps: int) -> Callable[[int], tuple[float, float]]:
    """Rate over the largest rate, and momentum, at each step; as torch's OneCycleLR with cosines."""
    peak, last = PCT_START * steps - 1.0, steps - 1.0
    low, high = MOMENTA

    def cosine(start: float, end: float, share: float) -> float:
        return end + (start - end) / 2.0 * (1.0 + math.cos(math.pi * share))

    def at(k: int) -> tuple[float, float]:
        if k <= peak:
            return cosine(1.0 / DIV_FACTOR, 1.0, k / peak), cosine(high, low, k / peak)
        share = (k - peak) / (last - peak)
        return cosine(1.0, 1.0 / (DIV_FACTOR * FINAL_DIV_FACTOR), share), cosine(low, high, share)

    return at


def one_cycles(task: CorpusTask, steps: int, rates: Sequence[float], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """A 1cycle training for each rate and seed, with its final loss on the held-back points."""
    run = Stack(task, seeds, len(rates), steps)
    peaks = torch.tensor(list(rates) * len(seeds)).unsqueeze(1)
    at = one_cycle_shape(steps)
    for k in range(steps):
        share, momentum = at(k)
        if run.optimizer.cycles_momentum:
            run.optimizer.momentum = momentum
        run.step(k, peaks * share)
    losses, accuracies = run.validate()
    rows = []
    for k, (seed, lr) in enumerate((seed, lr) for seed in seeds for lr in rates):
        fine = math.isfinite(losses[k])
        loss = rounded(float(losses[k]))
        accuracy = None if accuracies is None or not fine else rounded(float(accuracies[k]))
        rows.append(
            {"seed": seed, "max_lr": float(f"{lr:.6g}"), "val_loss": loss, "val_acc": accuracy, "diverged": not fine}
        )
    return rows


def rounded(value: float) -> float | None:
    """Five digits; None if not finite."""
    return float(f"{value:.5g}") if math.isfinite(value) else None
