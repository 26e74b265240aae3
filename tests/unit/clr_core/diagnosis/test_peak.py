import pytest

from clr_core.diagnosis import diagnose
from tests.unit.clr_core.diagnosis.curves import codes, curve


def test_a_loss_that_falls_in_proportion_to_the_rate_had_too_small_a_peak() -> None:
    def slow(x: float) -> float:  # gradient flow at rates far too small: the fall is the integral of the rate
        rise = min(x, 0.45)
        return 2.3 - (0.1 * x + rise * rise / 0.45)

    evaluations = curve(slow, slow)
    (found,) = [finding for finding in diagnose(evaluations) if finding.code == "peak_too_small"]
    assert found.evidence["fall_per_step_at_peak"] > found.evidence["fall_per_step_before"] > 0
    assert found.evidence["max_lr"] == pytest.approx(1.0, abs=0.05)
    before_the_peak = [one for one in evaluations if one.step < found.evidence["peak_step"]]
    assert "peak_too_small" not in codes(before_the_peak), "nothing is said before the peak is passed"
