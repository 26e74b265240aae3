"""The named rules, one by one."""

import math

import numpy as np
import pytest

from benchmarks.bounds_tasks.peers import fastai_minimum, fastai_slide, fastai_valley
from clr_core.bounds import NAMED_RULES, Curve, NoBoundsError
from clr_core.bounds.fastai_rules import minimum_over_10, valley
from clr_core.bounds.literature_rules import accuracy_peak, minimum, smith, steepest
from clr_core.bounds.smoothing import half_window, noise_level, running_median, zero_lag
from tests.unit.clr_core.test_bounds_shapes import RATES, STEPS, curve

MEASURED = curve({"fall": -2.5, "edge": 0.0}, noise=0.001)


def test_steepest_finds_the_middle_of_the_fall() -> None:
    assert steepest(MEASURED) == pytest.approx(10**-2.5, rel=0.15)


PEERS_OF = {"valley": fastai_valley, "slide": fastai_slide, "minimum_over_10": fastai_minimum}


@pytest.mark.parametrize("name", PEERS_OF)
@pytest.mark.parametrize("seed", range(4))
def test_fastais_rules_answer_as_fastai_does(name: str, seed: int) -> None:
    shape = {"fall": (-3.5, -2.5, -1.5)[seed % 3], "edge": (0.0, 0.5, 99.0)[(seed + 1) % 3]}
    measured = curve(shape, noise=0.05, seed=seed)
    assert NAMED_RULES[name](measured) == pytest.approx(PEERS_OF[name](measured.lrs, measured.losses))


def test_valley_of_a_straight_fall_lies_half_way() -> None:
    """85 points are left of 100, all of them falling: index -1 + 28 + 14 of them, and ten were skipped."""
    rates = [10 ** (-6 + k / 20) for k in range(100)]
    assert valley(Curve.of(rates, [2.0 - 0.01 * k for k in range(100)])) == rates[10 + 41]


def test_a_loss_below_zero_does_not_end_fastais_curve() -> None:
    shifted = Curve.of(MEASURED.lrs, [loss - 100.0 for loss in MEASURED.losses])
    assert minimum_over_10(shifted) > 1e-4


def test_minimum_lies_on_the_floor() -> None:
    assert 10**-2 < minimum(MEASURED) < 1


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
