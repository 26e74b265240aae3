import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clr_core.curves import extremes


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), st.integers(4, 100))
def test_first_last_and_extremes_are_kept_within_the_limit(values: list[float], max_points: int) -> None:
    array = np.array(values)
    kept = extremes(array, max_points)
    assert len(kept) <= max(max_points, 4)
    assert kept == sorted(set(kept))
    assert {0, len(values) - 1} <= set(kept)
    assert {float(array.min()), float(array.max())} <= {float(array[index]) for index in kept}


def test_a_single_spike_never_vanishes() -> None:
    for place in range(0, 10_000, 997):
        values = np.zeros(10_000)
        values[place] = 5.0
        assert place in extremes(values, 50)
