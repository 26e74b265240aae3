"""Curves that must raise nothing, healthy, short, noisy or broken; and what holds for every sign."""

import math

import pytest

from clr_core.diagnosis import Evaluation, diagnose
from clr_core.errors import InvalidArgumentError
from tests.unit.clr_core.diagnosis.curves import Curve, codes, curve, falling, turning


def test_a_healthy_training_raises_nothing() -> None:
    assert codes(curve(falling, lambda x: falling(x) + 0.05)) == set()


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_raises_nothing_at_any_evaluation(seed: int) -> None:
    noisy = curve(falling, lambda x: falling(x) + 0.05, noise=0.03, seed=seed)
    for end in range(1, len(noisy) + 1):
        assert codes(noisy[:end]) == set()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("shape", [falling, turning, lambda _: 1.0])
def test_a_short_curve_raises_nothing(count: int, shape: Curve) -> None:
    assert codes(curve(shape, shape, count=max(count, 2))[:count]) == set()


def test_no_curve_raises_nothing() -> None:
    assert diagnose([]) == []


def test_what_comes_after_a_value_that_is_not_finite_is_left_out() -> None:
    evaluations = curve(falling, turning)
    broken = [*evaluations[:3], Evaluation(evaluations[3].step, math.nan, math.inf, 0.1), *evaluations[4:]]
    assert diagnose(broken) == diagnose(evaluations[:3]) == []


def test_steps_out_of_order_are_refused() -> None:
    first, second, *_ = curve(falling, falling)
    with pytest.raises(InvalidArgumentError, match="rising steps"):
        diagnose([second, first])


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_unit_of_the_loss_changes_no_finding(factor: float) -> None:
    for shape in (falling, turning):
        plain = curve(falling, shape, noise=0.01)
        scaled = [Evaluation(e.step, e.train_loss * factor, e.val_loss * factor, e.lr) for e in plain]
        assert codes(scaled) == codes(plain)
