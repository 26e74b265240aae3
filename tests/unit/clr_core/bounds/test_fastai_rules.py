import pytest

from benchmarks.bounds_tasks.peers import fastai_minimum, fastai_slide, fastai_valley
from clr_core.bounds import NAMED_RULES, Curve
from clr_core.bounds.fastai_rules import minimum_over_10, valley
from tests.unit.clr_core.bounds.test_suggest import curve

MEASURED = curve({"fall": -2.5, "edge": 0.0}, noise=0.001)
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
