"""Several sweeps: intervals, grades, and what must not matter."""

import json
import math
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clr_core.bounds import Curve, Training, merge, suggest_bounds
from clr_core.errors import InvalidArgumentError
from tests.unit.clr_core.bounds.test_suggest import RATES, STEPS, curve

GOOD = {"fall": -2.5, "edge": 0.0}


def test_three_sweeps_that_agree_are_graded_high_with_a_narrow_interval() -> None:
    bounds = suggest_bounds([curve(GOOD, seed=seed) for seed in range(3)])
    assert (bounds.grade, bounds.replicas, bounds.warnings) == ("high", 3, ())
    interval = bounds.max_lr_interval
    assert interval is not None
    assert bounds.max_lr is not None
    assert interval.low < bounds.max_lr < interval.high
    assert math.log10(interval.high / interval.low) < 0.5


def test_one_sweep_is_graded_medium_at_best() -> None:
    assert suggest_bounds(curve(GOOD)).grade == "medium"


def test_sweeps_that_disagree_say_so() -> None:
    shapes = [{"fall": fall, "edge": edge} for fall, edge in ((-4.5, -2.0), (-2.5, 0.0), (-2.6, 0.1))]
    bounds = suggest_bounds([curve(shape, seed=k) for k, shape in enumerate(shapes)])
    assert bounds.grade == "low"
    assert "replicas_disagree" in {warning.code for warning in bounds.warnings}


def test_a_minority_without_bounds_is_outvoted_and_reported() -> None:
    flat = Curve.of(RATES, [2.3] * STEPS)
    bounds = suggest_bounds([curve(GOOD), flat, curve(GOOD, seed=1)])
    assert bounds.max_lr is not None
    assert "replicas_without_bounds" in {warning.code for warning in bounds.warnings}


def test_a_majority_without_bounds_wins() -> None:
    flat = Curve.of(RATES, [2.3] * STEPS)
    bounds = suggest_bounds([curve(GOOD), flat, flat])
    assert (bounds.max_lr, bounds.grade) == (None, "none")
    assert "no_fall" in {warning.code for warning in bounds.warnings}


def test_the_order_of_replicas_does_not_matter() -> None:
    replicas = [curve(GOOD, seed=0), curve(GOOD, seed=1), curve({"fall": -3.0}, seed=2)]
    answers = {json.dumps(suggest_bounds(list(order)).to_dict()) for order in permutations(replicas)}
    assert len(answers) == 1


def test_no_curve_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="curves"):
        suggest_bounds([])


def test_the_median_curve_lies_in_its_band_and_ends_where_most_sweeps_do() -> None:
    sweeps = [curve(GOOD, seed=seed) for seed in range(4)]
    short = Curve.of(sweeps[0].lrs[:120], sweeps[0].losses[:120])
    merged = merge([short, short, *sweeps[1:3]])
    assert len(merged.lrs) == 120
    assert all(low <= mid <= high for low, mid, high in zip(merged.low, merged.losses, merged.high, strict=True))


def test_the_median_of_equal_sweeps_is_the_sweep() -> None:
    sweep = curve(GOOD)
    assert merge([sweep] * 3).losses == pytest.approx(sweep.losses)


LOSS = st.one_of(st.floats(-10, 10), st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 1.0, 1e308]))
LOSSES = st.one_of(st.lists(LOSS, min_size=1, max_size=40), st.lists(st.floats(-10, 10), min_size=20, max_size=40))


@settings(max_examples=120, deadline=None)
@given(
    st.lists(LOSSES, min_size=1, max_size=3),
    st.one_of(st.floats(1e-12, 1e3), st.floats(1e-320, 1e300)),
    st.one_of(st.floats(1.0001, 3.0), st.floats(1.0001, 1e30)),
    st.booleans(),
    st.fixed_dictionaries({name: st.booleans() for name in ("momentum", "batch_norm", "held_back")}),
)
def test_whatever_the_input_bounds_are_ordered_and_inside_the_rates(
    replicas: list[list[float]], first: float, ratio: float, linear: bool, known: dict[str, Any]
) -> None:
    def rate(k: int) -> float:
        return first * (1 + k * (ratio - 1)) if linear else first * math.exp(k * math.log(ratio) / 4)

    rates = sorted({lr for k in range(40) if math.isfinite(lr := rate(k))})
    curves = [Curve.of(rates[: len(losses)], losses[: len(rates)]) for losses in replicas]
    bounds = suggest_bounds(curves, training=Training(**known))
    json.dumps(bounds.to_dict(), allow_nan=False)
    if bounds.max_lr is None or bounds.base_lr is None:
        assert (bounds.grade, bounds.max_lr, bounds.base_lr) == ("none", None, None)
        assert bounds.warnings
        return
    assert 0 < bounds.base_lr < bounds.max_lr <= bounds.evidence.lr_range[1]
    assert bounds.max_lr_interval is not None
    assert 0 < bounds.max_lr_interval.low <= bounds.max_lr <= bounds.max_lr_interval.high


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3.5, -1.0), st.integers(-300, 300), st.sampled_from([0.05, 0.3]))
def test_scaling_the_losses_changes_nothing(seed: int, fall: float, power: int, noise: float) -> None:
    measured = curve({"fall": fall, "edge": 0.0}, seed=seed, noise=noise)
    scaled = Curve.of(measured.lrs, [loss * 2.0**power for loss in measured.losses])
    before, after = suggest_bounds(measured), suggest_bounds(scaled)
    assert (before.max_lr, before.grade, before.max_lr_interval) == (
        after.max_lr,
        after.grade,
        after.max_lr_interval,
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(LOSSES, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_permuting_any_replicas_changes_nothing(replicas: list[list[float]], random: Random) -> None:
    curves = [Curve.of(RATES[: len(losses)], losses) for losses in replicas]
    shuffled = random.sample(curves, len(curves))
    assert json.dumps(suggest_bounds(curves).to_dict()) == json.dumps(suggest_bounds(shuffled).to_dict())


def test_no_number_of_another_library_leaks_into_the_answer() -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(each) for key, each in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in {str, int, float}

    accuracies = [0.5 + 0.1 * math.sin(k / 20) for k in range(STEPS)]
    measured = curve(GOOD)
    answer = suggest_bounds([Curve.of(measured.lrs, measured.losses, accuracies)] * 2).to_dict()
    assert plain(answer)
    assert {each["method"] for each in answer["alternatives"]} >= {
        "steepest",
        "accuracy_peak",
        "minimum_over_10",
    }
    assert all(type(value) is float for value in merge([measured]).losses)
