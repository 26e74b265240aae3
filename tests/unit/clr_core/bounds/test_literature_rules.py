"""The named rules, one by one."""

import math

import pytest

from clr_core.bounds import NAMED_RULES, Curve, NoBoundsError
from clr_core.bounds.literature_rules import accuracy_peak, minimum, smith, steepest
from tests.unit.clr_core.bounds.test_suggest import RATES, STEPS, curve

MEASURED = curve({"fall": -2.5, "edge": 0.0}, noise=0.001)


def test_steepest_finds_the_middle_of_the_fall() -> None:
    assert steepest(MEASURED) == pytest.approx(10**-2.5, rel=0.15)


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
