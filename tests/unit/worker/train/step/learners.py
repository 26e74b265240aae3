"""Learners of one rank over a few random images."""

from typing import Any

import torch

from tests.builders import conditions_of
from worker.train.data.splits import Data, Split, measure
from worker.train.process_group import ProcessGroup
from worker.train.step.learner import Learner

WORLD = ProcessGroup(0, 1, torch.device("cpu"))


def images(count: int = 96) -> Data:
    generator = torch.Generator().manual_seed(0)
    split = Split(torch.randn(count, 1, 8, 8, generator=generator), torch.arange(count) % 4)
    return Data(split, split, measure(split), 4)


def learner_of(sizes: Any = None, ema_decay: float | None = None, **changes: Any) -> Learner:
    asked = conditions_of(**({"world_size": 1, "global_batch_size": 32} | changes))
    return Learner(WORLD, images(), asked, seed=0, lr=0.05, sizes=sizes, ema_decay=ema_decay)
