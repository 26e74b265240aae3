"""Losses averaged over the ranks of torch.distributed, the same to the bit on each."""

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor


def rank() -> int:
    """Return the number of this rank, 0 outside of a process group."""
    return dist.get_rank() if _in_group() else 0


def mean_losses(losses: Sequence[Tensor]) -> list[float]:
    """Return the mean over all ranks of each loss, in double precision.

    Every rank adds the same numbers in the same order, so all of them come to the same answer.

    Args:
        losses: Scalars of one dtype and device, as many on every rank.
    """
    own = torch.stack(list(losses))
    if not _in_group():
        values: list[float] = own.cpu().double().tolist()
        return values
    own = own.cuda() if "nccl" in str(dist.get_backend()) else own.cpu()
    each = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(each, own)
    means: list[float] = torch.stack([row.cpu().double() for row in each]).mean(dim=0).tolist()
    return means


def _in_group() -> bool:
    return dist.is_available() and dist.is_initialized()
