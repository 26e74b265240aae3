import math

import pytest

from clr_core.diagnosis import diagnose
from tests.unit.clr_core.diagnosis.curves import codes, curve, falling


def test_a_flat_loss_at_a_constant_rate_is_a_plateau() -> None:
    def stuck(x: float) -> float:
        return max(falling(x), 0.8)

    found = diagnose(curve(stuck, stuck, lambda _: 0.1))
    assert [finding.code for finding in found] == ["plateau"]
    assert found[0].evidence["train_loss"] == pytest.approx(0.8)


def test_a_flat_loss_around_the_peak_or_in_the_annihilation_is_no_plateau() -> None:
    def flat_at_the_peak(x: float) -> float:
        return 1.0 if 0.2 < x < 0.6 else falling(x)

    assert "plateau" not in codes(curve(flat_at_the_peak, flat_at_the_peak)[:24])
    ended = curve(lambda x: max(2 - 2 * x, 0.3), falling, lambda x: 0.1 if x < 0.85 else 0.001)
    assert "plateau" not in codes(ended)


def test_a_loss_that_has_come_to_its_end_is_no_plateau() -> None:
    assert codes(curve(lambda x: 2.2 * math.exp(-40 * x), lambda x: 2.2 * math.exp(-40 * x), lambda _: 0.1)) == set()
