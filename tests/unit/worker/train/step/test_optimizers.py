from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import distributed as dist

from jobs.errors import TrainingError
from jobs.status import Reason
from tests.builders import conditions_of
from worker.train.data.splits import Data, Split, measure
from worker.train.process_group import ProcessGroup
from worker.train.step.learner import Learner

WORLD = ProcessGroup(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module", autouse=True)
def group() -> Iterator[None]:
    torch.set_num_threads(1)  # as ranks do
    store = torch.distributed.HashStore()  # type: ignore[attr-defined]
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def images(count: int = 96) -> Data:
    generator = torch.Generator().manual_seed(0)
    split = Split(torch.randn(count, 1, 8, 8, generator=generator), torch.arange(count) % 4)
    return Data(split, split, measure(split), 4)


def learner_of(sizes: Any = None, ema_decay: float | None = None, **changes: Any) -> Learner:
    asked = conditions_of(**({"world_size": 1, "global_batch_size": 32} | changes))
    return Learner(WORLD, images(), asked, seed=0, lr=0.05, sizes=sizes, ema_decay=ema_decay)


def test_an_optimizer_of_a_missing_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "prodigyopt", None)
    with pytest.raises(TrainingError, match=r"pip install 'clr-service\[prodigyopt\]'") as refused:
        learner_of(optimizer={"name": "prodigy"})
    assert refused.value.reason is Reason.NOT_INSTALLED
