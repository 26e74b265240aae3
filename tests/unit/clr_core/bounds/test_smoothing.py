import numpy as np
import pytest

from clr_core.bounds.smoothing import half_window, noise_level, running_median, zero_lag


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
