import random

import numpy as np
import torch

from worker.train.checkpoint import random_state


def test_random_states_go_on_where_they_were_captured() -> None:
    def draw() -> list[float]:
        numbers = [random.random(), random.gauss(0, 1), float(np.random.rand()), float(np.random.randn())]
        return [*numbers, float(torch.rand(()))]

    random.gauss(0, 1)  # the second of a pair is kept for the next call, and belongs to the state
    np.random.randn()
    state = random_state.capture(torch.device("cpu"))
    first = draw()
    random_state.put_back(state, torch.device("cpu"))
    assert draw() == first
