"""Feeds: the normalised batch of each step, on the device. The data is resident there, or is streamed to it.

The samples of a step are a pure function of (seed, step), so a feed can start at any step, and both kinds of feed give
the same batches bit by bit. Batches do not use torch's global random state.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from clr_core.schedules.batch_size import BatchSizeSchedule
from worker.train.data.sampling import Order
from worker.train.data.splits import Data, Split
from worker.train.process_group import ProcessGroup

Batch = tuple[Tensor, Tensor]

# Batches are gathered for several steps at once: one large gather instead of many small ones. A block fits the caches
# of a CPU; on a CUDA device it saves kernel launches.
_BLOCK_BYTES = {"cpu": 1 << 19, "cuda": 1 << 25}
_BLOCK_STEPS = 64
_PREFETCH = 4


class Feed(Protocol):
    """The batches of one rank, in one order of the data."""

    order: Order

    def batch(self, step: int) -> Batch:
        """Return normalised inputs ``[B, …] float32`` and targets of this rank at a step, on the device.

        The tensors may be views of the feed's memory: do not write to them.
        """


def make_feed(data: Data, world: ProcessGroup, *, seed: int, sizes: BatchSizeSchedule) -> Feed:
    """Return a resident or a streaming feed, as the data requires.

    Args:
        data: The dataset.
        world: The ranks; the feed belongs to this one.
        seed: Seed of the data order.
        sizes: Global batch size of each step, a multiple of the world size.
    """
    order = Order(seed, len(data.train), sizes, world.rank, world.size)
    return ResidentFeed(data, order, world.device) if data.resident else StreamingFeed(data, order, world.device)


class ResidentFeed:
    """Batches of data that is on the device."""

    def __init__(self, data: Data, order: Order, device: torch.device) -> None:
        self.order = order
        self._data, self._device = data, device
        self._ready: dict[int, Batch] = {}

    def batch(self, step: int) -> Batch:
        """See `Feed.batch`."""
        found = self._ready.get(step)
        if found is None:
            self._gather(step)
            found = self._ready[step]
        return found

    def _gather(self, first: int) -> None:
        parts = [self.order.at(first)]
        train = self._data.train
        sample_bytes = 4 * train.inputs[0].numel()  # as float32
        block = _BLOCK_BYTES[self._device.type] // max(sample_bytes * len(parts[0]), 1)
        parts += [self.order.at(step) for step in range(first + 1, first + min(block, _BLOCK_STEPS))]
        indices = (parts[0] if len(parts) == 1 else torch.cat(parts)).to(self._device, non_blocking=True)
        inputs = self._data.normalised(train.inputs.index_select(0, indices))
        targets = self._data.normalised_targets(train.targets.index_select(0, indices))
        lengths = [len(part) for part in parts]
        batches = zip(inputs.split(lengths), targets.split(lengths), strict=True)
        self._ready = dict(enumerate(batches, first))


class StreamingFeed:
    """Batches of data that does not fit on the device: read ahead by separate processes, through pinned memory."""

    def __init__(self, data: Data, order: Order, device: torch.device) -> None:
        self.order = order
        self._data, self._device = data, device
        self._batches: Iterator[Batch] = iter(())
        self._next = -1

    def batch(self, step: int) -> Batch:
        """See `Feed.batch`. Consecutive steps are read ahead; any other step restarts the readers."""
        if step != self._next:
            reader = _StepsOf(self._data.train, self.order)
            self._batches = _load(reader, itertools.count(step), self._data, self._device)
        self._next = step + 1
        return next(self._batches)


def validation_batches(data: Data, world: ProcessGroup, size: int) -> Iterator[Batch]:
    """Yield this rank's share of the validation split in batches of at most ``size``, in the form of `Feed.batch`."""
    starts = range(world.rank * size, len(data.val), world.size * size)
    if not data.resident:
        yield from _load(_Slices(data.val, size), starts, data, world.device)
        return
    for start in starts:
        inputs, targets = data.val.inputs[start : start + size], data.val.targets[start : start + size]
        yield data.normalised(inputs), data.normalised_targets(targets)


@dataclass(frozen=True, slots=True)
class _StepsOf(Dataset[Batch]):
    """The rank's batch of each step, not normalised."""

    split: Split
    order: Order

    def __getitem__(self, step: int) -> Batch:
        indices = self.order.at(step)
        return self.split.inputs.index_select(0, indices), self.split.targets.index_select(0, indices)


@dataclass(frozen=True, slots=True)
class _Slices(Dataset[Batch]):
    """Consecutive samples from a start, not normalised."""

    split: Split
    size: int

    def __getitem__(self, start: int) -> Batch:
        # Copied: a slice of a mapped file would be transferred as the whole file.
        end = start + self.size
        return self.split.inputs[start:end].clone(), self.split.targets[start:end].clone()


def _load(reader: Dataset[Batch], keys: Iterable[int], data: Data, device: torch.device) -> Iterator[Batch]:
    workers = data.stream_workers
    on_cuda = device.type == "cuda"
    loader = DataLoader(
        reader, batch_size=None, sampler=keys, num_workers=workers, pin_memory=on_cuda,
        prefetch_factor=_PREFETCH if workers else None, multiprocessing_context="fork" if workers else None,
        generator=torch.Generator(),  # otherwise the loader uses the global random state
    )  # fmt: skip
    for inputs, targets in loader:
        on_device = inputs.to(device, non_blocking=on_cuda), targets.to(device, non_blocking=on_cuda)
        yield data.normalised(on_device[0]), data.normalised_targets(on_device[1])
