"""Training loops to compare with: bare PyTorch, Lightning, fastai. Each returns the seconds of some epochs.

All get a model of their own, the same resident float data, SGD with momentum, one thread, no metrics, no schedule, no
checkpoints, no bars: what they do besides updates is what they cannot leave out.
"""

import importlib
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from worker.train.models.torchvision_ops import import_torchvision

LR, MOMENTUM = 0.01, 0.9

Loop = Callable[[nn.Module, Tensor, Tensor, int, int], float]


def bare(model: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int, epochs: int) -> float:
    """Resident tensors, a permutation an epoch, batches by index."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    begun = time.perf_counter()
    for _ in range(epochs):
        for indices in torch.randperm(len(labels)).split(batch_size):
            loss = functional.cross_entropy(model(inputs[indices]), labels[indices])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return time.perf_counter() - begun


def _loader(inputs: Tensor, labels: Tensor, batch_size: int) -> DataLoader[Any]:
    return DataLoader(TensorDataset(inputs, labels), batch_size=batch_size, shuffle=True)


def dataloader(model: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int, epochs: int) -> float:
    """A DataLoader over the same tensors, in the same process."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    loader = _loader(inputs, labels, batch_size)
    begun = time.perf_counter()
    for _ in range(epochs):
        for images, targets in loader:
            loss = functional.cross_entropy(model(images), targets)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return time.perf_counter() - begun


def lightning(model: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int, epochs: int) -> float:
    """Lightning's Trainer; the time is that between its own hooks around the epochs."""
    package: Any = importlib.import_module("lightning")
    times: list[float] = []

    class Module(package.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def training_step(self, batch: Any, _: int) -> Tensor:
            return functional.cross_entropy(self.model(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=LR, momentum=MOMENTUM)

        def on_train_start(self) -> None:
            times.append(time.perf_counter())

        def on_train_end(self) -> None:
            times.append(time.perf_counter())

    trainer = package.Trainer(
        accelerator="cpu", devices=1, max_epochs=epochs, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Module(), _loader(inputs, labels, batch_size))
    return times[1] - times[0]


def fastai(model: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int, epochs: int) -> float:
    """Fastai's Learner over its own DataLoader, without bar and log."""
    everything: Any = importlib.import_module("fastai.basics")
    dataset = list(zip(inputs, labels, strict=True))
    train = everything.DataLoader(dataset, bs=batch_size, shuffle=True, num_workers=0)
    small = everything.DataLoader(dataset[:batch_size], bs=batch_size, num_workers=0)
    learner = everything.Learner(
        everything.DataLoaders(train, small), model, loss_func=functional.cross_entropy, lr=LR,
        opt_func=lambda weights, **_: everything.OptimWrapper(weights, torch.optim.SGD, lr=LR, momentum=MOMENTUM),
        train_bn=True, cbs=[],
    )  # fmt: skip
    learner.logger = lambda *_: None
    begun = time.perf_counter()
    learner.fit(epochs)
    return time.perf_counter() - begun


PEERS: dict[str, Loop] = {"bare": bare, "dataloader": dataloader, "lightning": lightning, "fastai": fastai}


def installed() -> dict[str, Loop]:
    """The peers that can be imported here; bare and dataloader always."""
    import_torchvision()  # which both import, and which does not load by itself beside a CPU build of torch
    found = dict(PEERS)
    for name, module in (("lightning", "lightning"), ("fastai", "fastai.basics")):
        try:
            with warnings.catch_warnings(action="ignore"):
                importlib.import_module(module)
        except ImportError:
            del found[name]
    return found
