"""The samples of each rank at each step: a pure function of seed and step, for any world size.

The permutations of all epochs are concatenated and cut into global batches. So every sample is used once per epoch,
every batch is full, and a batch may extend from one epoch into the next. An epoch has ``samples / global_batch_size``
steps, which need not be a whole number.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from clr_core.schedules.batch_size import BatchSizeSchedule

_GOLDEN = 0x9E3779B97F4A7C15  # 2 ** 64 / golden ratio: spreads neighbouring seeds and epochs
_MASK = (1 << 63) - 1


@lru_cache(maxsize=2)
def permutation(seed: int, epoch: int, samples: int) -> Tensor:
    """Return the order of the samples in one epoch, ``[samples] int64``."""
    generator = torch.Generator().manual_seed((seed * _GOLDEN ^ (epoch + 1) * (_GOLDEN >> 7)) & _MASK)
    return torch.randperm(samples, generator=generator)


def stream(seed: int, samples: int, start: int, size: int) -> Tensor:
    """Return samples ``start`` to ``start + size`` of the concatenated epochs, ``[size] int64``."""
    parts = []
    while size > 0:
        epoch, offset = divmod(start, samples)
        part = permutation(seed, epoch, samples)[offset : offset + size]
        parts.append(part)
        start, size = start + len(part), size - len(part)
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def global_batch(seed: int, step: int, size: int, samples: int) -> Tensor:
    """Return the samples of one step over all ranks, ``[size] int64``, if all batches have the same size.

    Args:
        seed: Seed of the data order.
        step: Zero-based step.
        size: Global batch size, at most ``samples``.
        samples: Number of samples in the training split.
    """
    return stream(seed, samples, step * size, size)


def rank_batch(batch: Tensor, rank: int, world_size: int) -> Tensor:
    """Return one rank's part of a global batch, ``[size / world_size] int64``."""
    share = len(batch) // world_size
    return batch[rank * share : (rank + 1) * share]


@dataclass(frozen=True, slots=True)
class Order:
    """The samples of one rank at every step: its part of the step's global batch.

    Attributes:
        seed: Seed of the data order.
        samples: Number of samples in the training split.
        sizes: Global batch size of each step, each a multiple of ``world_size``.
        rank: This rank.
        world_size: Number of ranks.
    """

    seed: int
    samples: int
    sizes: BatchSizeSchedule
    rank: int
    world_size: int

    def start_of(self, step: int) -> int:
        """Return the number of samples that all ranks together have taken before ``step``."""
        return self.sizes.samples_before(step)

    def at(self, step: int) -> Tensor:
        """Return the samples of this rank at ``step``, ``[rank batch size] int64``."""
        share = self.sizes.batch_size_at(step) // self.world_size
        return stream(self.seed, self.samples, self.start_of(step) + self.rank * share, share)
