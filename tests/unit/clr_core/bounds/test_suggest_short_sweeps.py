from clr_core.bounds import Curve, suggest_bounds
from clr_core.range_test import RangeTestPlan, around_edge

PLAN = RangeTestPlan(1e-6, 10.0, 100)


def falling_to(edge: float, lrs: list[float]) -> Curve:
    """Falls from 2 to 1 about a hundredth of the edge, explodes past it."""
    return Curve.of(lrs, [2.0 - 1.0 / (1.0 + (edge / 100 / lr) ** 2) + (lr / edge) ** 6 for lr in lrs])


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
