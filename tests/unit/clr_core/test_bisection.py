import math

import pytest

from clr_core.bounds import Curve, suggest_bounds
from clr_core.errors import InvalidArgumentError
from clr_core.range_test import RangeTestPlan, around_edge, short_steps

PLAN = RangeTestPlan(1e-6, 10.0, 100)


def falling_to(edge: float, lrs: list[float]) -> Curve:
    """Falls from 2 to 1 about a hundredth of the edge, explodes past it."""
    return Curve.of(lrs, [2.0 - 1.0 / (1.0 + (edge / 100 / lr) ** 2) + (lr / edge) ** 6 for lr in lrs])


def test_a_short_sweep_lies_around_the_edge_and_the_next_is_half_as_wide() -> None:
    first, second = around_edge(PLAN, 0.1, 0), around_edge(PLAN, 0.1, 1)
    assert first.start_lr == pytest.approx(0.01)
    assert first.end_lr == pytest.approx(0.1 * 10 ** (1 / 3))
    assert first.steps == second.steps == short_steps(100) == 50
    widths = [math.log10(plan.end_lr / plan.start_lr) for plan in (first, second)]
    assert widths[1] == pytest.approx(widths[0] / 2)


@pytest.mark.parametrize("edge", [1e-6, 1e-5, 9.9, 10.0])
def test_a_short_sweep_stays_within_the_rates_of_the_full_one(edge: float) -> None:
    short = around_edge(PLAN, edge, 0)
    assert short.start_lr >= PLAN.start_lr
    assert short.end_lr <= PLAN.end_lr or edge == PLAN.start_lr


def test_an_edge_outside_the_sweep_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="edge_lr"):
        around_edge(PLAN, 11.0, 0)


def test_short_sweeps_move_the_bounds_to_the_median_edge() -> None:
    full = falling_to(1.0, PLAN.lrs())
    alone = suggest_bounds(full)
    lower = [falling_to(0.25, around_edge(PLAN, 0.5, number).lrs()) for number in (0, 1)]
    told = suggest_bounds(full, short_sweeps=lower)
    assert alone.max_lr is not None
    assert told.max_lr is not None
    assert told.max_lr < alone.max_lr
    assert suggest_bounds(full, short_sweeps=[]) == alone


def test_short_sweeps_without_an_edge_change_nothing() -> None:
    full = falling_to(1.0, PLAN.lrs())
    flat = Curve.of(around_edge(PLAN, 0.5, 0).lrs(), [2.0] * 50)
    assert suggest_bounds(full, short_sweeps=[flat]) == suggest_bounds(full)
