"""The highest step of a schedule, found without looking at all of them."""

import numpy as np
import pytest

from clr_core.schedules import (
    Schedule,
    cosine,
    exp_range,
    linear,
    one_cycle,
    one_cycle_two_phase,
    piecewise,
    scaled,
    sequence,
    triangular,
    triangular2,
    warmup,
    wsd,
)
from clr_core.schedules.extrema import peak_step

N = 20_000
CYCLES = triangular(0.01, 0.1, 7, step_size_down=3)
SCHEDULES = {
    "piecewise": piecewise(0.1, [100, 9000]),
    "piecewise that rises": piecewise(0.1, [100, 9001], 3.0),
    "linear": linear(0.1, N),
    "linear that rises": linear(0.1, N, 0.5),
    "warm cosine": warmup(cosine(0.1, N), 7_777, 0.1),
    "wsd": wsd(0.1, N, 1234, 5678, decay="sqrt"),
    "triangular": CYCLES,
    "one long triangle": triangular(0.01, 0.1, 3 * N),
    "triangular2": triangular2(0.01, 0.1, 1501),
    "exp_range": exp_range(0.01, 0.1, 9_000, 0.9997),
    "warm cycles": warmup(CYCLES, 15_001, 0.1),
    "one_cycle": one_cycle(0.1, N),
    "one_cycle_two_phase": one_cycle_two_phase(0.1, N, 0.30007),
    "scaled": scaled(one_cycle(0.1, N, anneal="cos"), 3.0),
    "sequence": sequence([(5_003, CYCLES), (4_999, one_cycle(0.3, 4_999)), (N, wsd(0.2, N, 10, 10))]),
}


@pytest.mark.parametrize("n", [1, 2, 63, 999, N])
@pytest.mark.parametrize("name", SCHEDULES)
def test_no_step_is_higher(name: str, n: int) -> None:
    schedule = SCHEDULES[name]
    step = peak_step(schedule.lr, n)
    assert 0 <= step < n
    assert schedule.curve(n)[step] == schedule.curve(n).max()


def test_few_steps_are_looked_at_however_many_there_are() -> None:
    looked_at = []

    class Hill:
        def at(self, step: int) -> float:
            return -abs(step - 7_654_321.0)

        def curve(self, steps: np.ndarray) -> np.ndarray:
            looked_at.append(len(steps))
            return -np.abs(steps - 7_654_321.0)

    assert peak_step(Schedule(Hill()).lr, 10_000_000) == 7_654_321
    assert sum(looked_at) < 1000
