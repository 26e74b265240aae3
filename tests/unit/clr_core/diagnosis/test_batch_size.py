import pytest

from clr_core.diagnosis import diagnose_batch_size
from clr_core.noise_scale import GradientMoments, NoiseScale


def told(signal: float, noise: float, count: int = 40) -> dict[str, object]:
    scale = NoiseScale()
    for number in range(count):
        scale = scale.add(GradientMoments(signal + 0.1 * (-1) ** number, noise), 0.95)
    return diagnose_batch_size(scale, global_batch_size=128, world_size=2)


def test_the_diagnosis_has_the_critical_batch_size_and_the_gain_of_twice_the_ranks() -> None:
    found = told(1.0, 128.0)
    assert found["critical_batch_size"] == pytest.approx(128, rel=0.01)
    assert found["steps_over_least"] == pytest.approx(2, rel=0.01)
    assert found["samples_over_least"] == pytest.approx(2, rel=0.01)
    gain = {"world_size": 4, "global_batch_size": 256, "adascale_gain": pytest.approx(4 / 3, rel=0.01)}
    assert found["next_world_size"] == gain
    assert found["reason"] is None


def test_the_diagnosis_says_why_it_has_none() -> None:
    assert told(1.0, 128.0, count=9)["reason"] == "needs 10 measurements or more, got 9"
    hidden = told(-1.0, 128.0)
    assert hidden["critical_batch_size"] is None
    assert hidden["high"] is None
    assert str(hidden["reason"]).startswith("noise hides the gradient")
    assert str(told(1.0, -1.0)["reason"]).startswith("the gradient shows no noise")
