import math

import numpy as np
import pytest

from clr_core.curves import two_sided


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
