import math

from clr_core.diagnosis import diagnose, diverged_at
from tests.unit.clr_core.diagnosis.curves import codes, curve, falling


def test_a_loss_that_became_nan_is_divergence_at_the_rate_it_had() -> None:
    found = diverged_at([4, 5, 6], [1.0, math.nan, math.inf], [0.1, 0.2, 0.3])
    assert found is not None
    assert (found.code, found.step, found.evidence) == ("divergence", 5, {"lr": 0.2})
    assert diverged_at([4], [1.0], [0.1]) is None


def test_a_loss_that_stays_above_its_start_after_a_fall_is_divergence_though_finite() -> None:
    def exploded(x: float) -> float:
        return falling(x) if x < 0.5 else 3.0

    evaluations = curve(exploded, exploded)
    (found,) = diagnose(evaluations)
    assert found.code == "divergence"
    assert found.evidence["train_loss"] == 3.0
    first = next(end for end in range(1, 41) if codes(evaluations[:end]))
    assert evaluations[first - 1].step == evaluations[21].step, "said at the second evaluation above the start"


def test_a_bump_at_the_peak_that_comes_down_again_is_no_divergence() -> None:
    bumpy = curve(lambda x: falling(x) + (1.5 if 0.4 < x < 0.5 else 0), falling)
    assert all("divergence" not in codes(bumpy[:end]) for end in range(1, 41))
