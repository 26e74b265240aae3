import math

import pytest

from clr_core.diagnosis import diagnose
from tests.unit.clr_core.diagnosis.curves import codes, curve, falling, turning


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03])
def test_validation_loss_that_turns_up_while_training_loss_falls_is_overfitting(noise: float) -> None:
    evaluations = curve(falling, turning, noise=noise)
    (found,) = [finding for finding in diagnose(evaluations) if finding.code == "overfitting"]
    assert found.step == evaluations[-1].step
    assert 0.3 < found.evidence["val_loss_min_step"] / found.step < 0.7
    assert found.evidence["rise"] > found.evidence["least_rise"]
    assert "1803.09820" in found.advice
    assert all(math.isfinite(value) for value in found.evidence.values())


def test_validation_loss_that_rises_together_with_training_loss_is_no_overfitting() -> None:
    assert "overfitting" not in codes(curve(turning, turning))
