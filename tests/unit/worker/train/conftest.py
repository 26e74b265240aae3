from collections.abc import Iterator

import pytest
import torch
from torch import distributed as dist


@pytest.fixture(scope="module")
def group() -> Iterator[None]:
    """A process group of this process alone."""
    torch.set_num_threads(1)  # as ranks do
    store = torch.distributed.HashStore()  # type: ignore[attr-defined]
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()
