"""The exponent of max_lr against the batch size."""

import pytest

from clr_core.scaling import ScalingPoint, fit_exponent


def points(rates: dict[float, float], *, factor: float = 1.2, group: str = "") -> list[ScalingPoint]:
    return [ScalingPoint(size, lr, lr / factor, lr * factor, group) for size, lr in rates.items()]


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, -0.3])
def test_a_power_law_is_found_exactly(exponent: float) -> None:
    found = fit_exponent(points({size: 0.01 * size**exponent for size in (32, 64, 128, 512)}))
    assert found.exponent == pytest.approx(exponent, abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < exponent < found.high
    assert (found.points, found.linear, found.square_root, found.reason) == (4, 1.0, 0.5, None)


def test_the_interval_is_that_of_the_closed_form() -> None:
    # x = -ln 2, 0, ln 2 and equal sigmas of ln 1.2 / z: the half width is ln 1.2 / (sqrt 2 ln 2).
    found = fit_exponent(points({32: 0.1, 64: 0.2, 128: 0.4}))
    assert found.high == pytest.approx(1 + 0.18232155679395465 / (2**0.5 * 0.6931471805599453), rel=1e-12)


def test_a_cell_with_a_wide_interval_pulls_little() -> None:
    sure = points({32: 0.1, 64: 0.2, 128: 0.4})
    unsure = ScalingPoint(256, 0.1, 0.001, 10.0, "")
    found = fit_exponent([*sure, unsure])
    assert found.exponent == pytest.approx(1.0, abs=0.03)


def test_scatter_beyond_the_intervals_widens_the_answer() -> None:
    straight = fit_exponent(points({32: 0.1, 64: 0.2, 128: 0.4}, factor=1.05))
    crooked = fit_exponent(points({32: 0.1, 64: 0.5, 128: 0.4}, factor=1.05))
    assert None not in (straight.high, straight.low, crooked.high, crooked.low)
    assert crooked.high - crooked.low > 2 * (straight.high - straight.low)  # type: ignore[operator]


def test_groups_share_the_exponent_and_not_the_level() -> None:
    low = points({32: 0.1, 64: 0.2, 128: 0.4}, group="a")
    high = points({32: 1.0, 64: 2.0, 128: 4.0}, group="b")
    assert fit_exponent(low + high).exponent == pytest.approx(1.0)


@pytest.mark.parametrize("rates", [{}, {64: 0.1}, {32: 0.1, 64: 0.2}])
def test_fewer_than_three_sizes_give_no_exponent_and_say_so(rates: dict[float, float]) -> None:
    found = fit_exponent(points(rates))
    assert (found.exponent, found.low, found.high) == (None, None, None)
    assert found.reason is not None
    assert f"got {len(rates)}" in found.reason


def test_zero_width_intervals_do_not_divide_by_zero() -> None:
    assert fit_exponent(points({32: 0.1, 64: 0.2, 128: 0.4}, factor=1.0)).exponent == pytest.approx(1.0)


@pytest.mark.parametrize(
    "bad", [ScalingPoint(0, 1, 1, 1), ScalingPoint(1, float("nan"), 1, 1), ScalingPoint(1, 1, 2, 1)]
)
def test_impossible_numbers_are_refused(bad: ScalingPoint) -> None:
    with pytest.raises(ValueError, match="must be"):
        fit_exponent([bad])
