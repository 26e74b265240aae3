"""Golden curves of each sign, and curves that must raise nothing: healthy, short, noisy, broken."""

import math
import random
from collections.abc import Callable, Sequence

import pytest

from clr_core.diagnosis import Evaluation, diagnose, diverged_at
from clr_core.errors import InvalidArgumentError

Curve = Callable[[float], float]
STEPS = 50


def triangle(x: float) -> float:
    """A 1cycle in short: up to the peak at 0.45, down to the first rate at 0.9, then annihilation."""
    if x < 0.9:
        return 0.1 + 0.9 * (1 - abs(x - 0.45) / 0.45)
    return 0.1 * 10 ** (-20 * (x - 0.9))


def curve(
    train: Curve, val: Curve, lr: Curve = triangle, *, count: int = 40, noise: float = 0.0, seed: int = 0
) -> list[Evaluation]:
    """Evaluations at ``count`` equal distances; the curves are functions of the fraction of the training done."""
    draw = random.Random(seed)
    return [
        Evaluation(
            (i + 1) * STEPS - 1, train(i / (count - 1)) + draw.gauss(0, noise),
            val(i / (count - 1)) + draw.gauss(0, noise), lr(i / (count - 1)),
        )
        for i in range(count)
    ]  # fmt: skip


def falling(x: float) -> float:
    return 0.05 + 2.2 * math.exp(-5 * x)


def turning(x: float) -> float:
    return falling(x) + 0.1 + 3 * max(x - 0.4, 0) ** 2


def codes(evaluations: Sequence[Evaluation]) -> set[str]:
    return {finding.code for finding in diagnose(evaluations)}


def test_a_healthy_training_raises_nothing() -> None:
    assert codes(curve(falling, lambda x: falling(x) + 0.05)) == set()


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_raises_nothing_at_any_evaluation(seed: int) -> None:
    noisy = curve(falling, lambda x: falling(x) + 0.05, noise=0.03, seed=seed)
    for end in range(1, len(noisy) + 1):
        assert codes(noisy[:end]) == set()


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
