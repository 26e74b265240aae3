import math
import random

import pytest

from clr_core.errors import InvalidArgumentError
from clr_core.successive_halving import FINAL_RUNS, MIN_STEPS, Rung, judge, ladder, reach, rungs, survivors

NAN = math.nan


def test_neighbours_on_a_ladder_are_in_one_ratio_and_its_ends_are_exact() -> None:
    rates = ladder(0.01, 0.01 * reach(5), 5)
    assert rates == pytest.approx((0.01, 0.02, 0.04, 0.08, 0.16))
    assert (rates[0], rates[-1]) == (0.01, 0.16)


@pytest.mark.parametrize(("lowest", "highest", "rates"), [(0.1, 0.1, 3), (0.0, 1.0, 3), (1e-3, math.inf, 3), (1, 2, 1)])
def test_ladders_without_two_rates_between_finite_ends_are_refused(lowest: float, highest: float, rates: int) -> None:
    with pytest.raises(InvalidArgumentError):
        ladder(lowest, highest, rates)


def test_each_rung_has_half_of_the_rates_for_twice_the_steps_and_the_last_is_repeated() -> None:
    assert rungs(8, 1200) == (Rung(8, 30, 1), Rung(4, 60, 1), Rung(2, 120, FINAL_RUNS))
    assert [rung.rates for rung in rungs(5, 1200)] == [5, 3, 2]
    assert rungs(2, 60) == (Rung(2, 10, FINAL_RUNS),)


@pytest.mark.parametrize("rates", range(2, 17))
@pytest.mark.parametrize("budget", [1000, 1199, 5000])
def test_no_ladder_takes_more_steps_than_its_budget(rates: int, budget: int) -> None:
    plan = rungs(rates, budget)
    assert sum(rung.rates * rung.steps * rung.runs for rung in plan) <= budget
    assert all(rung.steps >= MIN_STEPS for rung in plan)


def test_a_budget_that_leaves_no_cycle_is_refused_with_the_least_that_is_legal() -> None:
    with pytest.raises(InvalidArgumentError, match="400"):
        rungs(8, 399)
    assert rungs(8, 400)[0].steps == MIN_STEPS


def test_the_better_half_goes_on_and_what_diverged_does_not() -> None:
    assert survivors({0.1: [2.0], 0.2: [1.0], 0.4: [1.5], 0.8: [NAN]}, 2) == (0.2, 0.4)
    assert survivors({0.1: [2.0], 0.2: [NAN]}, 2) == (0.1,)
    assert survivors({0.1: [NAN], 0.2: [math.inf]}, 2) == ()


def test_of_equal_rates_the_lower_goes_on_whatever_the_order() -> None:
    assert survivors({0.4: [1.0], 0.1: [1.0], 0.2: [1.0]}, 2) == (0.1, 0.2)


def test_one_bad_run_of_three_does_not_decide() -> None:
    assert survivors({0.1: [1.0, 1.0, 9.0], 0.2: [2.0, 2.0, 2.0]}, 1) == (0.1,)


RATES = (0.1, 0.2, 0.4, 0.8)


def test_a_finalist_that_is_told_apart_leaves_the_interval_one_ratio_wide_on_each_side() -> None:
    found = judge(RATES, {0.2: [1.0, 1.1, 1.2], 0.4: [2.0, 2.1, 2.2]})
    assert found is not None
    assert (found.max_lr, found.is_lowest, found.is_highest) == (0.2, False, False)
    assert [found.low, found.high] == pytest.approx([0.1, 0.4])


def test_finalists_that_noise_may_have_ordered_are_both_in_the_interval() -> None:
    found = judge(RATES, {0.2: [1.0, 1.2, 0.9], 0.4: [1.1, 1.0, 1.0]})
    assert found is not None
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.8)


def test_a_finalist_of_which_a_run_diverged_is_out_only_if_most_did() -> None:
    most = judge(RATES, {0.2: [1.0, 1.0, 1.0], 0.4: [NAN, NAN, 0.5]})
    few = judge(RATES, {0.2: [1.0, 1.0, 1.0], 0.4: [0.9, NAN, 0.9]})
    assert most is not None
    assert most.high == pytest.approx(0.4)
    assert few is not None
    assert [few.max_lr, few.low] == pytest.approx([0.4, 0.1])


def test_the_ends_of_the_ladder_are_said_and_no_finalist_gives_no_verdict() -> None:
    bottom, top = judge(RATES, {0.1: [1.0]}), judge(RATES, {0.8: [1.0]})
    assert bottom is not None
    assert top is not None
    assert (bottom.is_lowest, bottom.is_highest, top.is_lowest, top.is_highest) == (True, False, False, True)
    assert judge(RATES, {0.1: [NAN], 0.2: [NAN]}) is None
    assert judge(RATES, {}) is None


@pytest.mark.parametrize("noise", [0.01, 0.1, 0.3])
def test_the_interval_holds_the_best_rate_nine_times_in_ten_on_bowls_with_noise(noise: float) -> None:
    held = 0
    for seed in range(300):
        draw = random.Random(seed)
        rates, best, depth = ladder(1 / reach(8), 1.0, 8), -draw.uniform(0.1, 1.9), draw.uniform(0.3, 3.0)
        going_on, plan, scores = rates, rungs(8, 1200), dict[float, list[float]]()
        for number, rung in enumerate(plan):
            spread = noise * math.sqrt(plan[-1].steps / rung.steps)
            scores = {
                rate: [depth * (math.log10(rate) - best) ** 2 + draw.gauss(0, spread) for _ in range(rung.runs)]
                for rate in going_on
            }
            if number + 1 < len(plan):
                going_on = survivors(scores, plan[number + 1].rates)
        found = judge(rates, scores)
        assert found is not None
        held += found.low <= 10**best <= found.high
    assert held >= 0.9 * 300
