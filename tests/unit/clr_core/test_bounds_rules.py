"""The named rules, one by one."""

import math

import numpy as np
import pytest

from clr_core.bounds import NAMED_RULES, Curve, NoBoundsError
from clr_core.bounds.named import accuracy_peak, minimum, minimum_over_10, slide, smith, steepest, valley
from clr_core.bounds.smoothing import half_window, noise_level, running_median, zero_lag
from tests.unit.clr_core.test_bounds_shapes import RATES, STEPS, curve

MEASURED = curve({"fall": -2.5, "edge": 0.0}, noise=0.001)


def test_steepest_finds_the_middle_of_the_fall() -> None:
    assert steepest(MEASURED) == pytest.approx(10**-2.5, rel=0.15)


def test_valley_lies_on_the_way_down() -> None:
    assert 10**-4 < valley(MEASURED) < 10**-1


def test_slide_stops_left_of_the_explosion() -> None:
    assert slide(MEASURED) <= 1.2


def test_minimum_lies_on_the_floor_and_a_tenth_of_it_is_a_tenth() -> None:
    assert 10**-2 < minimum(MEASURED) < 1
    assert minimum_over_10(MEASURED) == pytest.approx(minimum(MEASURED) / 10)


def test_smith_brackets_the_fall() -> None:
    base, top = smith(MEASURED)
    assert base < 10**-2.5 < top < 1


def test_accuracy_peak_finds_the_peak() -> None:
    accuracies = [math.exp(-((math.log10(lr) + 1.5) ** 2)) for lr in RATES]
    measured = Curve.of(RATES, [1.0] * STEPS, accuracies)
    assert accuracy_peak(measured) == pytest.approx(10**-1.5, rel=0.15)


def test_accuracy_peak_needs_accuracies() -> None:
    with pytest.raises(NoBoundsError):
        accuracy_peak(MEASURED)


@pytest.mark.parametrize("name", NAMED_RULES)
@pytest.mark.parametrize("losses", [[1.0] * STEPS, [math.nan] * STEPS, [1.0] * 3 + [math.inf] * (STEPS - 3)])
def test_every_rule_refuses_a_curve_without_a_fall(name: str, losses: list[float]) -> None:
    with pytest.raises(NoBoundsError):
        NAMED_RULES[name](Curve.of(RATES, losses))


def test_smoothing_has_no_lag_on_a_line_and_none_on_a_peak() -> None:
    line = np.arange(50.0)
    assert zero_lag(line, 5)[5:-5] == pytest.approx(line[5:-5])
    peak = np.exp(-((np.arange(51.0) - 25) ** 2) / 30)
    assert int(np.argmax(zero_lag(peak, 5))) == 25


def test_smoothing_keeps_a_constant_up_to_its_ends() -> None:
    assert zero_lag(np.full(20, 3.0), half_window(20)) == pytest.approx(np.full(20, 3.0))


def test_a_running_median_ignores_a_spike() -> None:
    values = np.ones(20)
    values[7] = 1e9
    assert running_median(values).max() == 1.0


def test_the_noise_of_a_trend_is_that_around_it() -> None:
    rng = np.random.default_rng(0)
    values = np.linspace(0, 100, 2000) + 0.5 * rng.standard_normal(2000)
    assert noise_level(values) == pytest.approx(0.5, rel=0.1)
    assert noise_level(values[:2]) == 0.0
