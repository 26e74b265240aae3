"""Which samples each rank takes at each step: a pure function of seed and step, for any world size.

The epochs' permutations are laid end to end and cut into global batches. So every sample is seen once an epoch, every
batch is full, and a batch may reach from one epoch into the next. An epoch has ``samples / global_batch_size`` steps,
which need not be a whole number.
"""

from functools import lru_cache

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15  # 2 ** 64 / golden ratio: spreads neighbouring seeds and epochs
_MASK = (1 << 63) - 1


@lru_cache(maxsize=2)
def permutation(seed: int, epoch: int, samples: int) -> Tensor:
    """Order of the samples in one epoch, ``[samples] int64``."""
    generator = torch.Generator().manual_seed((seed * _GOLDEN ^ (epoch + 1) * (_GOLDEN >> 7)) & _MASK)
    return torch.randperm(samples, generator=generator)


def global_batch(seed: int, step: int, size: int, samples: int) -> Tensor:
    """Samples of one step over all ranks, ``[size] int64``.

    Args:
        seed: Seed of the data order.
        step: Zero-based step.
        size: Global batch size, at most ``samples``.
        samples: Number of samples in the training split.
    """
    start = step * size
    parts = []
    while size > 0:
        epoch, offset = divmod(start, samples)
        part = permutation(seed, epoch, samples)[offset : offset + size]
        parts.append(part)
        start, size = start + len(part), size - len(part)
    return torch.cat(parts)


def rank_batch(batch: Tensor, rank: int, world_size: int) -> Tensor:
    """The part of a global batch that one rank takes, ``[size / world_size] int64``."""
    share = len(batch) // world_size
    return batch[rank * share : (rank + 1) * share]
