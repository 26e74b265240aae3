"""The noise scale against closed forms, with ranks that are made up."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from clr_core.errors import InvalidArgumentError
from clr_core.noise_scale import GradientMoments, NoiseScale, Smoothed, adascale_gain, moments

CURVATURE = np.geomspace(0.05, 1.0, 40)  # of a noisy quadratic: the gradient of sample i is H (weights - x_i)
SPREAD = np.linspace(0.5, 2.0, 40)  # standard deviations of x_i
NOISE = float(np.sum((CURVATURE * SPREAD) ** 2))  # tr(C), whatever the weights


def measured(
    rng: np.random.Generator, weights: NDArray[np.float64], ranks: int, rank_batch: int
) -> tuple[GradientMoments, NDArray[np.float64]]:
    """One step of so many ranks: the measurement, and the averaged gradient."""
    samples = rng.normal(0, SPREAD, (ranks, rank_batch, len(SPREAD)))
    gradients = (CURVATURE * (weights - samples)).mean(axis=1)
    small = float(np.mean(np.sum(gradients**2, axis=1)))
    together = gradients.mean(axis=0)
    return moments(small, float(together @ together), small=rank_batch, big=ranks * rank_batch), together


def test_squares_that_obey_the_law_give_signal_and_noise_exactly() -> None:
    signal, noise = 3.0, 50.0
    found = moments(signal + noise / 8, signal + noise / 64, small=8, big=64)
    assert found.signal == pytest.approx(signal, rel=1e-12)
    assert found.noise == pytest.approx(noise, rel=1e-12)


@pytest.mark.parametrize("ranks", [2, 4])
def test_a_noisy_quadratic_at_rest_has_the_scale_of_its_closed_form(ranks: int) -> None:
    rng, scale, weights = np.random.default_rng(ranks), NoiseScale(), np.ones(len(SPREAD))
    for _ in range(2000):
        scale = scale.add(measured(rng, weights, ranks, 8)[0], 0.9995)
    expected = NOISE / float(np.sum((CURVATURE * weights) ** 2))
    assert scale.value == pytest.approx(expected, rel=0.05)
    low, high = scale.interval(0.9)
    assert low < expected < high


def test_a_noisy_quadratic_that_trains_has_the_signal_of_its_path() -> None:
    rng, scale, truth = np.random.default_rng(7), NoiseScale(), Smoothed()
    weights = np.full(len(SPREAD), 5.0)
    for _ in range(2000):
        truth = truth.add(float(np.sum((CURVATURE * weights) ** 2)), 0.99)
        one, gradient = measured(rng, weights, 4, 8)
        scale = scale.add(one, 0.99)
        weights = weights - 0.003 * gradient
    assert scale.signal.mean == pytest.approx(truth.mean, rel=0.1)
    assert scale.noise.mean == pytest.approx(NOISE, rel=0.1)


def test_intervals_hold_the_closed_form_as_often_as_they_say() -> None:
    rng, weights, held = np.random.default_rng(1), np.ones(len(SPREAD)), 0
    expected = NOISE / float(np.sum((CURVATURE * weights) ** 2))
    for _ in range(100):
        scale = NoiseScale()
        for _ in range(150):
            scale = scale.add(measured(rng, weights, 2, 8)[0], 0.98)
        low, high = scale.interval(0.9)
        held += low <= expected <= high
    assert held >= 85


def test_an_average_is_corrected_for_its_start() -> None:
    smoothed = Smoothed()
    assert math.isnan(smoothed.mean)
    assert smoothed.add(4.0, 0.9).mean == pytest.approx(4.0)
    assert math.isinf(smoothed.add(4.0, 0.9).standard_error)
    two = smoothed.add(4.0, 0.5).add(1.0, 0.5)
    assert two.mean == pytest.approx((0.5 * 4 + 1) / 1.5)


def test_without_decay_the_error_of_equal_weights_is_that_of_a_mean() -> None:
    values, smoothed = np.random.default_rng(3).normal(2, 1, 50), Smoothed()
    for value in values:
        smoothed = smoothed.add(float(value), 1 - 1e-12)
    assert smoothed.standard_error == pytest.approx(float(np.std(values, ddof=1)) / 50**0.5, rel=1e-6)


def test_a_scale_that_noise_hides_is_infinite_and_before_the_first_measurement_nothing() -> None:
    assert math.isnan(NoiseScale().value)
    assert math.isinf(NoiseScale().add(GradientMoments(-0.1, 5.0), 0.9).value)
    assert NoiseScale().add(GradientMoments(1.0, -5.0), 0.9).value == 0.0
    assert NoiseScale().add(GradientMoments(1.0, 5.0), 0.9).interval() == (0.0, math.inf)


def test_the_gain_goes_from_nothing_to_the_factor() -> None:
    assert adascale_gain(0.0, 64, 4) == 1.0
    assert adascale_gain(math.inf, 64, 4) == 4.0
    assert adascale_gain(64.0, 64, 1) == 1.0
    sigma, mu = 100.0 / 64, 1.0  # S / B and |G|², with S = 100
    assert adascale_gain(100.0, 64, 4) == pytest.approx((sigma + mu) / (sigma / 4 + mu), rel=1e-12)


def test_gains_multiply() -> None:
    twice = adascale_gain(300.0, 64, 2) * adascale_gain(300.0, 128, 2)
    assert adascale_gain(300.0, 64, 4) == pytest.approx(twice, rel=1e-12)


@pytest.mark.parametrize(
    ("small_squared", "small", "big", "message"),
    [(1.0, 0, 8, "small must be at least 1"), (1.0, 8, 8, "big must be above small = 8"),
     (math.inf, 4, 8, "small_squared must be finite"), (-1.0, 4, 8, "small_squared must be finite")],
)  # fmt: skip
def test_measurements_out_of_range_are_refused(small_squared: float, small: int, big: int, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        moments(small_squared, 1.0, small=small, big=big)


@pytest.mark.parametrize(("scale", "size", "factor"), [(-1.0, 64, 2), (math.nan, 64, 2), (1.0, 0, 2), (1.0, 64, 0.5)])
def test_gains_out_of_range_are_refused(scale: float, size: int, factor: float) -> None:
    with pytest.raises(InvalidArgumentError):
        adascale_gain(scale, size, factor)
