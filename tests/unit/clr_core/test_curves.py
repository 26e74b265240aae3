import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clr_core.curves import extremes, two_sided


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


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("count", [1, 2, 3, 17, 400])
def test_it_is_the_weighted_mean_of_its_definition(weight: float, count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    values[count // 3] = math.nan if count > 3 else values[count // 3]
    finite = np.isfinite(values)
    for place, smooth in enumerate(two_sided(values, weight)):
        weights = np.where(finite, weight ** np.abs(np.arange(count) - place, dtype=float), 0.0)
        if weights.sum() > 0:
            assert smooth == pytest.approx((weights * np.where(finite, values, 0)).sum() / weights.sum(), rel=1e-6)
        else:
            assert math.isnan(smooth)


def test_huge_values_do_not_overflow() -> None:
    assert np.isfinite(two_sided(np.full(100, 1e308), 0.99)).all()


def test_without_a_finite_value_there_is_nothing_to_smooth() -> None:
    assert np.isnan(two_sided(np.array([math.nan, math.inf]), 0.9)).all()
    assert len(two_sided(np.array([]), 0.9)) == 0
