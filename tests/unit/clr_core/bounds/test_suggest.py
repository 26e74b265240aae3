"""The shapes of curve that break rules which are right elsewhere."""

import math
import random
from typing import Any

import pytest

from clr_core.bounds import Curve, NoBoundsError, Training, lr_bounds, suggest_bounds
from clr_core.bounds.literature_rules import minimum, steepest

STEPS = 161
RATES = [10 ** (-7 + 8 * k / (STEPS - 1)) for k in range(STEPS)]  # 1e-7 to 10, twenty steps in a decade
DENSER = math.log10((10 ** (1 / 12.5) - 1) / (10 ** (1 / 20) - 1))  # a fall comes so many decades too early here


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def curve(shape: dict[str, float], *, noise: float = 0.02, seed: int = 0, end: float = 10.0) -> Curve:
    """A fall of ``drop`` around 10^``fall``, an explosion from 10^``edge`` on, by ``climb`` a decade."""
    rng = random.Random(seed)
    lrs = [lr for lr in RATES if lr <= end * (1 + 1e-9)]
    losses = []
    for lr in lrs:
        x = math.log10(lr)
        loss = 2.3 - shape.get("drop", 1.8) * sigmoid(4 * (x - shape["fall"]))
        if "early" in shape:
            loss -= shape["early_drop"] * sigmoid(8 * (x - shape["early"]))
        loss += shape.get("climb", 30.0) * max(0.0, x - shape.get("edge", 99.0))
        losses.append(loss + noise * rng.gauss(0, 1))
    return Curve.of(lrs, losses)


def max_lr_of(measured: Curve, **known: Any) -> float:
    bounds = suggest_bounds(measured, training=Training(**known))
    assert bounds.max_lr is not None
    return math.log10(bounds.max_lr)


def codes(measured: Curve) -> set[str]:
    return {warning.code for warning in suggest_bounds(measured).warnings}


def test_a_wide_fall_and_an_edge_give_the_rate_half_way_between_them() -> None:
    bounds = suggest_bounds(curve({"fall": -2.0, "edge": 0.0}))
    assert bounds.method == "half_way"
    assert bounds.max_lr is not None
    assert math.log10(bounds.max_lr) == pytest.approx((-2.0 + DENSER) / 2, abs=0.1)


def test_a_floor_that_is_flat_for_decades_is_entered_by_half_a_decade_only() -> None:
    far, farther = (
        max_lr_of(curve({"fall": -3.5, "edge": 0.0})),
        max_lr_of(curve({"fall": -3.5, "edge": 0.8})),
    )
    assert far == pytest.approx(farther, abs=0.1)
    assert far == pytest.approx(-3.5 + DENSER + math.log(9) / 4 + 0.5, abs=0.2)


def test_base_lr_is_a_tenth_of_max_lr() -> None:
    bounds = suggest_bounds(curve({"fall": -2.5, "edge": 0.0}))
    assert bounds.max_lr is not None
    assert bounds.base_lr == pytest.approx(bounds.max_lr / 10)


def test_a_fall_right_before_the_edge_keeps_a_larger_margin_to_it() -> None:
    near, far = max_lr_of(curve({"fall": -0.5, "edge": 0.0})), max_lr_of(curve({"fall": -1.35, "edge": 0.0}))
    assert near == pytest.approx(-math.log10(12), abs=0.15)
    assert far == pytest.approx(-math.log10(5), abs=0.15)


def test_a_plateau_that_explodes_gets_a_cautious_margin_and_a_low_grade() -> None:
    bounds = suggest_bounds(curve({"fall": 0.0, "drop": 0.0, "edge": 0.0}))
    assert bounds.method == "plateau"
    assert bounds.grade == "low"
    assert bounds.max_lr == pytest.approx(1 / 12, rel=0.3)
    assert "plateau" in {warning.code for warning in bounds.warnings}


def test_a_sweep_that_ends_while_the_loss_falls_says_how_to_widen_the_range() -> None:
    bounds = suggest_bounds(curve({"fall": -1.0}, end=0.1))
    assert bounds.grade == "low"
    assert bounds.max_lr is not None
    assert bounds.max_lr <= 0.1
    (warning,) = (each for each in bounds.warnings if each.code == "range_too_narrow")
    assert "end_lr = 1:" in warning.message or "end_lr = 1." in warning.message


def test_a_net_that_never_blows_up_is_not_driven_at_the_last_rate() -> None:
    measured = curve({"fall": -2.0})
    assert "edge_not_seen" in codes(measured) | codes(curve({"fall": -2.0}, seed=3))
    assert -1.8 < max_lr_of(measured) < 1.0


def test_a_net_whose_minimum_and_steepest_point_lie_at_the_last_step_stays_well_below_it() -> None:
    measured = curve({"fall": 1.0})
    assert steepest(measured) > 5
    assert minimum(measured) > 5
    bounds = suggest_bounds(measured)
    assert bounds.max_lr is not None
    assert bounds.max_lr < 10 / 5
    assert bounds.grade == "low"
    assert "range_too_narrow" in {warning.code for warning in bounds.warnings}


def test_a_small_first_stage_does_not_set_the_bounds() -> None:
    two_stages = curve({"fall": -1.5, "edge": 0.0, "early": -4.5, "early_drop": 0.4})
    assert max_lr_of(two_stages) == pytest.approx(max_lr_of(curve({"fall": -1.5, "edge": 0.0})), abs=0.15)


def test_an_explosion_that_climbs_slowly_is_seen_where_it_begins() -> None:
    slow, sudden = curve({"fall": -2.5, "edge": -1.0, "climb": 3.0}), curve({"fall": -2.5, "edge": -1.0})
    assert max_lr_of(slow) == pytest.approx(max_lr_of(sudden), abs=0.4)


def test_a_wreck_that_settles_after_the_explosion_is_not_taken_for_training() -> None:
    measured = curve({"fall": -2.5, "edge": -1.0})
    settled = [loss if lr < 0.3 else 0.1 for lr, loss in zip(measured.lrs, measured.losses, strict=True)]
    assert max_lr_of(Curve.of(measured.lrs, settled)) == pytest.approx(max_lr_of(measured), abs=0.1)


def test_without_momentum_the_rate_lies_nearer_to_the_edge() -> None:
    measured = curve({"fall": -2.0, "edge": 0.0})
    assert max_lr_of(measured, momentum=False) > max_lr_of(measured, momentum=True)
    assert max_lr_of(measured) == max_lr_of(measured, momentum=True)


def test_plain_sgd_gets_a_rate_twice_as_high_and_no_other_optimizer_does() -> None:
    measured = curve({"fall": -2.0, "edge": 0.0})
    alone = max_lr_of(measured)
    assert max_lr_of(measured, optimizer="sgd", momentum=False) == pytest.approx(alone + 0.3)
    assert max_lr_of(measured, optimizer="rmsprop", momentum=False) == alone
    assert max_lr_of(measured, optimizer="sgd", momentum=True) == alone
    assert max_lr_of(measured, optimizer="sgd") == alone


def test_the_interval_moves_with_the_answer() -> None:
    measured = curve({"fall": -2.0, "edge": 0.0})
    alone, told = (suggest_bounds(measured, training=Training(momentum=each)) for each in (None, False))
    assert alone.max_lr_interval is not None
    assert told.max_lr_interval is not None
    assert told.max_lr_interval.low == pytest.approx(alone.max_lr_interval.low * 10**0.3)


def test_the_number_of_steps_of_a_sweep_does_not_move_the_bounds() -> None:
    def sweep(steps: int) -> Curve:
        """The loss falls where the sum of the rates so far is 0.03, and explodes at a rate of 1."""
        lrs, losses, way = [], [], 0.0
        for k in range(steps):
            lr = 10 ** (-7 + 8 * k / (steps - 1))
            fall = 1.8 / (1 + (0.03 / max(way, 1e-12)) ** 2)
            lrs.append(lr)
            losses.append(2.3 - fall + 30 * max(0.0, math.log10(lr)))
            way += lr
        return Curve.of(lrs, losses)

    answers = [max_lr_of(sweep(steps)) for steps in (80, 101, 200, 500)]
    assert max(answers) - min(answers) < 0.15
    assert answers[1] == pytest.approx(-1.2, abs=0.3)


def test_a_linear_sweep_whose_loss_falls_to_its_end_is_not_read_as_far_as_that() -> None:
    lrs = [1e-7 + 1e-2 * k for k in range(100)]
    way = [sum(lrs[:k]) for k in range(100)]
    losses = [1.0 + 2.0 / (1.0 + 20.0 * each) + 0.5 / (1.0 + 0.05 * each) for each in way]
    bounds = suggest_bounds(Curve.of(lrs, losses))
    assert (bounds.method, bounds.grade) == ("floor", "low")
    assert bounds.max_lr is not None
    assert 0.1 < bounds.max_lr < 0.5


def test_held_back_loss_under_batch_norm_is_known_to_explode_a_decade_early() -> None:
    training, held_back = curve({"fall": -2.5, "edge": -0.2}), curve({"fall": -2.5, "edge": -1.2}, noise=0.0)
    told = max_lr_of(held_back, batch_norm=True, held_back=True)
    assert told == pytest.approx(max_lr_of(training), abs=0.15)
    assert max_lr_of(held_back) < told - 0.3
    assert max_lr_of(held_back, batch_norm=True) == max_lr_of(held_back, held_back=True) == max_lr_of(held_back)
    answer = suggest_bounds(held_back, training=Training(batch_norm=True, held_back=True))
    assert "lagging_statistics" in {warning.code for warning in answer.warnings}


def test_a_slow_fall_drowned_in_noise_is_called_noisy() -> None:
    assert "noisy" in codes(curve({"fall": -2.5, "edge": 0.0, "drop": 0.6}, noise=0.2))


def test_a_sweep_that_starts_in_the_fall_is_called_too_high() -> None:
    measured = curve({"fall": -2.5, "edge": 0.0})
    late = [k for k, lr in enumerate(measured.lrs) if lr > 10**-2.7]
    cut = Curve.of([measured.lrs[k] for k in late], [measured.losses[k] for k in late])
    assert "range_too_high" in codes(cut)


def test_lr_bounds_gives_the_pair_of_suggest_bounds() -> None:
    measured = curve({"fall": -2.5, "edge": 0.0})
    bounds = suggest_bounds(measured)
    assert lr_bounds(measured.lrs, measured.losses) == (bounds.base_lr, bounds.max_lr)


def test_lr_bounds_raises_the_reasons_where_there_are_no_bounds() -> None:
    with pytest.raises(NoBoundsError, match="no_fall: The loss neither falls") as refused:
        lr_bounds(RATES, [1.0] * STEPS)
    assert [warning.code for warning in refused.value.warnings] == ["no_fall"]
