import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clr_core.errors import InvalidArgumentError
from clr_core.range_test import DivergenceRule, RangeTestPlan, Spacing, around_edge, short_steps

PLAN = RangeTestPlan(1e-6, 10.0, 100)


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


@pytest.mark.parametrize("spacing", ["exponential", "linear"])
def test_the_first_and_the_last_rate_are_exactly_those_of_the_plan(spacing: Spacing) -> None:
    plan = RangeTestPlan(start_lr=1e-7, end_lr=10.0, steps=100, spacing=spacing)
    assert plan.lrs()[0] == 1e-7
    assert plan.lrs()[-1] == 10.0
    assert len(plan.lrs()) == 100


def test_an_exponential_plan_multiplies_and_a_linear_plan_adds() -> None:
    assert RangeTestPlan(1e-3, 10.0, 5).lrs() == pytest.approx([1e-3, 1e-2, 0.1, 1.0, 10.0])
    assert RangeTestPlan(1.0, 5.0, 5, "linear").lrs() == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0])


def test_two_steps_are_the_two_ends() -> None:
    assert RangeTestPlan(0.1, 0.2, 2).lrs() == [0.1, 0.2]


@given(
    st.floats(1e-300, 1e300),
    st.floats(1.0 + 1e-9, 1e6),
    st.integers(2, 300),
    st.sampled_from(["exponential", "linear"]),
)
def test_rates_rise_strictly_and_never_leave_the_range(
    start: float, ratio: float, steps: int, spacing: Spacing
) -> None:
    end = start * ratio
    if not math.isfinite(end):
        return
    lrs = RangeTestPlan(start, end, steps, spacing).lrs()
    assert all(before < after for before, after in pairwise(lrs))
    assert lrs[0] == start
    assert lrs[-1] == end


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("start_lr", {"start_lr": 0.0}),
        ("start_lr", {"start_lr": -1e-3}),
        ("start_lr", {"start_lr": math.nan}),
        ("end_lr", {"end_lr": 1e-7}),
        ("end_lr", {"end_lr": math.inf}),
        ("end_lr", {"end_lr": 1e-7 * (1 + 1e-12)}),
        ("steps", {"steps": 1}),
        ("steps", {"steps": True}),
        ("steps", {"steps": 10.0}),
        ("spacing", {"spacing": "cubic"}),
    ],
)
def test_a_plan_refuses_what_is_illegal_and_names_it(field: str, arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        RangeTestPlan(**arguments)  # type: ignore[arg-type]
    assert refused.value.name == field
    assert refused.value.value is arguments[field]
    assert field in str(refused.value)


@pytest.mark.parametrize("step", [-1, 100])
def test_a_step_outside_the_plan_is_refused(step: int) -> None:
    with pytest.raises(InvalidArgumentError, match="step must be"):
        RangeTestPlan().lr_at(step)


def stopped_at(losses: list[float], rule: DivergenceRule | None = None) -> int | None:
    rule = rule or DivergenceRule()
    for step, loss in enumerate(losses):
        if rule.should_stop(step, loss):
            return step
    return None


def exploding(noise: float = 0.05) -> list[float]:
    """Falls from 2.3 to 0.5, with a deterministic zig-zag as noise, and explodes from step 70."""
    return [
        2.3
        - 1.8 * min(1.0, max(0.0, (k - 30) / 30))
        + noise * ((k * 7919) % 11 - 5) / 5
        + (1.5 ** (k - 70) if k >= 70 else 0)
        for k in range(100)
    ]


def test_an_explosion_stops_the_sweep_soon_after_the_loss_passes_its_start() -> None:
    step = stopped_at(exploding())
    assert step is not None
    assert 72 <= step <= 80


@pytest.mark.parametrize("losses", [[1.0] * 100, [0.0] * 100, [-5.0] * 100, exploding()[:70]])
def test_a_sweep_that_does_not_explode_runs_to_its_end(losses: list[float]) -> None:
    assert stopped_at(losses) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_nonfinite_loss_stops_at_once_and_stays_diverged(bad: float) -> None:
    rule = DivergenceRule()
    assert not rule.should_stop(0, 1.0)
    assert rule.should_stop(1, bad)
    assert rule.should_stop(2, 1.0)
    assert rule.diverged_at == 1


def test_one_spike_does_not_stop_the_sweep() -> None:
    losses = exploding()[:70]
    losses[40] = losses[55] = 1e6
    assert stopped_at(losses) is None


def test_negative_losses_do_not_stop_the_sweep_as_four_times_the_best_would() -> None:
    losses = [loss - 100.0 for loss in exploding()]
    assert stopped_at(losses) == stopped_at(exploding())


@given(st.integers(-40, 40), st.integers(-64, 64))
def test_scaling_or_shifting_the_loss_does_not_move_the_stop(power: int, shift: int) -> None:
    grid = [round(loss * 1024) / 1024 for loss in exploding()]
    moved = [(loss + shift) * 2.0**power for loss in grid]
    assert stopped_at(moved) == stopped_at(grid)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
def test_any_losses_get_an_answer_and_the_same_one_again(losses: list[float]) -> None:
    assert stopped_at(losses) == stopped_at(losses)


@pytest.mark.parametrize(
    ("name", "arguments"), [("rise", {"rise": 0.0}), ("window", {"window": 0}), ("patience", {"patience": 0})]
)
def test_a_rule_refuses_what_is_illegal(name: str, arguments: dict[str, float]) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        DivergenceRule(**arguments)  # type: ignore[arg-type]
    assert refused.value.name == name
