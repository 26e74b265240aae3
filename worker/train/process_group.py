"""The process group of a job, as one of its ranks uses it."""

import gc
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import torch
from torch import Tensor
from torch import distributed as dist

from worker.train.causes import DeviceLostError

TIMEOUT_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """This rank, the number of ranks, and the device of this rank."""

    rank: int
    size: int
    device: torch.device

    def average(self, values: Tensor) -> Tensor:
        """Take the mean over ranks, in place. Every rank gets the same numbers."""
        return self.total(values).div_(self.size)

    def total(self, values: Tensor) -> Tensor:
        """Sum over ranks, in place."""
        if self.size > 1:  # a single rank has nothing to sum
            dist.all_reduce(values)
        return values

    def gather(self, values: Tensor) -> list[Tensor]:
        """Return the tensor of every rank (equal shapes), in order of ranks."""
        gathered = [torch.empty_like(values) for _ in range(self.size)]
        dist.all_gather(gathered, values)
        return gathered


@contextmanager
def join_process_group(timeout_s: float = TIMEOUT_S, *, on_cuda: bool | None = None) -> Iterator[ProcessGroup]:
    """Join the process group that elastic prepared: NCCL on CUDA devices, gloo elsewhere.

    Models and optimizers must be freed when the block ends: a rank that holds a DistributedDataParallel model while its
    process group is destroyed may abort. So the block may call the training but not hold it. If an error ends the
    block, the variables of its traceback's frames are cleared.

    Args:
        timeout_s: How long this rank waits for others before it fails, even without a supervisor.
        on_cuda: Whether this rank uses a CUDA device; if left out, whether one exists.

    Raises:
        DeviceLostError: This rank needs a CUDA device, and there is none. It never uses the CPU instead.
    """
    local_rank = int(os.environ["LOCAL_RANK"])  # noqa: TID251 - set by elastic
    timeout = timedelta(seconds=timeout_s)
    torch.set_num_threads(1)
    if torch.cuda.is_available() if on_cuda is None else on_cuda:
        if local_rank >= torch.cuda.device_count() or not torch.cuda.is_available():
            raise DeviceLostError(f"this rank is to work on CUDA device {local_rank}, and CUDA says that there is none")
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
        dist.init_process_group("nccl", device_id=device, timeout=timeout)
    else:
        device = torch.device("cpu")
        dist.init_process_group("gloo", timeout=timeout)
    try:
        yield ProcessGroup(dist.get_rank(), dist.get_world_size(), device)
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        gc.collect()  # frees objects in reference cycles
        dist.destroy_process_group()
