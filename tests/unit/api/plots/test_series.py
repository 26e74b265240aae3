import numpy as np

from api.plots.series import Series, merged, series_of, smoothed
from tests.unit.documents import range_test_curves


def test_the_median_ends_where_fewer_than_half_of_the_replicas_go_on() -> None:
    replicas = series_of(range_test_curves(3, steps=100), "train_loss")
    last_finite = sorted(float(series.x[np.isfinite(series.y)][-1]) for series in replicas)
    assert merged(replicas).x[-1] == last_finite[1]


def test_a_straight_line_is_smoothed_into_itself_away_from_its_ends() -> None:
    line = Series(np.arange(30.0), np.arange(30.0))
    np.testing.assert_allclose(smoothed(line).y[2:-2], line.y[2:-2])


def test_noise_is_smoothed_away_and_gaps_are_left_out() -> None:
    y = np.where(np.arange(100) % 2, 1.0, -1.0)
    y[50] = np.nan
    smooth = smoothed(Series(np.arange(100.0), y))
    assert len(smooth.x) == 99
    assert np.abs(smooth.y).max() < 0.3
