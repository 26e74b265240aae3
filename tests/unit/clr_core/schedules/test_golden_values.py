"""Golden points: feet, peaks and both sides of every boundary, for each builder."""

import math
from typing import Any

import pytest

from clr_core.schedules import (
    Schedule,
    constant,
    cosine,
    exp_range,
    linear,
    one_cycle,
    one_cycle_two_phase,
    piecewise,
    scaled,
    sequence,
    triangular,
    triangular2,
    warmup,
    wsd,
)

Points = dict[int, float]
ROOT_HALF = math.sqrt(0.5)
MOMENTUM: dict[str, Any] = {"base_momentum": 0.75, "max_momentum": 1 - 2**-4}

LR: dict[str, tuple[Schedule, Points]] = {
    "constant": (constant(0.3), {0: 0.3, 10**9: 0.3}),
    "piecewise": (piecewise(1.0, [3, 5], 0.5), {0: 1, 2: 1, 3: 0.5, 4: 0.5, 5: 0.25, 99: 0.25}),
    "piecewise without milestones": (piecewise(0.1, []), {0: 0.1, 99: 0.1}),
    "linear": (linear(1.0, 8), {0: 1, 1: 0.875, 4: 0.5, 7: 0.125, 8: 0, 9: 0}),
    "linear, rising": (linear(0.25, 2, 0.75), {0: 0.25, 1: 0.5, 2: 0.75, 3: 0.75}),
    "cosine": (cosine(2.0, 4, 1.0), {0: 2, 1: 1.5 + ROOT_HALF / 2, 2: 1.5, 3: 1.5 - ROOT_HALF / 2, 4: 1, 5: 1}),
    "cosine, one step": (cosine(2.0, 1), {0: 2, 1: 0}),
    "wsd": (wsd(1.0, 12, 4, 2), {0: 0, 1: 0.25, 3: 0.75, 4: 1, 5: 1, 9: 1, 10: 1, 11: 0.5, 12: 0, 13: 0}),
    "wsd, cos": (wsd(1.0, 4, 0, 4, decay="cos"), {0: 1, 1: 0.5 + ROOT_HALF / 2, 2: 0.5, 4: 0}),
    "wsd, sqrt": (wsd(1.0, 6, 2, 4, decay="sqrt", initial_lr=0.5), {0: 0.5, 1: 0.75, 2: 1, 3: 0.5, 6: 0}),
    "wsd, stable only": (wsd(1.0, 3, 0, 0), {0: 1, 3: 1, 9: 1}),
    "triangular": (triangular(1.0, 3.0, 4), {0: 1, 1: 1.5, 3: 2.5, 4: 3, 5: 2.5, 7: 1.5, 8: 1, 9: 1.5, 12: 3}),
    "triangular, slow down": (triangular(0.0, 1.0, 1, step_size_down=4), {0: 0, 1: 1, 2: 0.75, 4: 0.25, 5: 0, 6: 1}),
    "triangular, own scale per cycle": (
        triangular(1.0, 3.0, 2, scale=lambda cycle: 1 / (1 + cycle)), {2: 3, 3: 2, 4: 1, 6: 2, 7: 1.5},
    ),
    "triangular, own scale per step": (
        triangular(1.0, 3.0, 2, scale=lambda step: 1 / step if step else 1.0, scale_per="step"),
        {0: 1, 1: 2, 2: 2, 4: 1},
    ),
    "triangular2": (triangular2(1.0, 3.0, 2), {0: 1, 1: 2, 2: 3, 3: 2, 4: 1, 5: 1.5, 6: 2, 7: 1.5, 8: 1, 10: 1.5}),
    "exp_range": (exp_range(1.0, 3.0, 2, 0.5), {0: 1, 1: 1.5, 2: 1.5, 3: 1.125, 4: 1, 6: 1 + 2 * 0.5**6}),
    "exp_range, gamma 1": (exp_range(1.0, 3.0, 2, 1.0), {2: 3, 6: 3}),
    "one_cycle": (
        one_cycle(4.0, 13, div_factor=4, annihilation_fraction=4 / 13, final_div_factor=8),
        {0: 1, 1: 1.75, 3: 3.25, 4: 4, 5: 3.25, 7: 1.75, 8: 1, 9: 0.78125, 11: 0.34375, 12: 0.125, 13: 0.125},
    ),
    "one_cycle, shortest": (one_cycle(4.0, 4, div_factor=4), {0: 1, 1: 4, 2: 1, 3: 0.01, 4: 0.01}),
    "one_cycle, no annihilation": (
        one_cycle(4.0, 5, div_factor=2, annihilation_fraction=0), {0: 2, 1: 3, 2: 4, 3: 3, 4: 2, 5: 2},
    ),
    "one_cycle, cos": (one_cycle(4.0, 7, div_factor=4, anneal="cos"), {0: 1, 1: 2.5, 2: 4, 3: 2.5, 4: 1, 6: 0.01}),
    "one_cycle_two_phase": (
        one_cycle_two_phase(25.0, 10, 0.5, final_div_factor=10),
        {0: 1, 2: 13, 3: 13 + 12 * ROOT_HALF, 4: 25, 9: 0.1, 10: 0.1},
    ),
    "one_cycle_two_phase, linear": (
        one_cycle_two_phase(25.0, 10, 0.5, "linear", final_div_factor=10),
        {0: 1, 1: 7, 4: 25, 5: 20.02, 9: 0.1, 99: 0.1},
    ),
    "warmup": (warmup(constant(8.0), 4, 0.25), {0: 2, 1: 3.5, 3: 6.5, 4: 8, 5: 8}),
    "warmup, of a fall": (warmup(linear(8.0, 8), 2, 0.0), {0: 0, 1: 3.5, 2: 6, 8: 0}),
    "sequence": (
        sequence([(2, constant(1.0)), (2, linear(8.0, 4)), (3, linear(4.0, 1))]),
        {0: 1, 1: 1, 2: 8, 3: 6, 4: 4, 5: 0, 6: 0, 7: 0, 99: 0},
    ),
    "sequence, cut": (sequence([(2, linear(8.0, 8))]), {0: 8, 1: 7, 2: 6, 3: 6}),
    "scaled": (scaled(triangular(1.0, 3.0, 2), 2.0), {0: 2, 1: 4, 2: 6, 4: 2}),
}  # fmt: skip

FOOT, PEAK, HALF = 0.9375, 0.75, 0.84375

MOMENTA: dict[str, tuple[Schedule, Points]] = {
    "triangular": (triangular(1.0, 3.0, 2, **MOMENTUM), {0: FOOT, 1: HALF, 2: PEAK, 3: HALF, 4: FOOT, 6: PEAK}),
    "triangular2": (triangular2(1.0, 3.0, 2, **MOMENTUM), {2: PEAK, 4: FOOT, 6: HALF}),
    "exp_range": (exp_range(1.0, 3.0, 2, ROOT_HALF, **MOMENTUM), {0: FOOT, 2: HALF, 4: FOOT}),
    "one_cycle": (
        one_cycle(4.0, 8, annihilation_fraction=0.5, **MOMENTUM),
        {0: FOOT, 1: HALF, 2: PEAK, 3: HALF, 4: FOOT, 5: FOOT, 7: FOOT, 8: FOOT},
    ),
    "one_cycle_two_phase": (
        one_cycle_two_phase(4.0, 10, 0.5, "linear", **MOMENTUM), {0: FOOT, 2: HALF, 4: PEAK, 9: FOOT, 10: FOOT},
    ),
    "warmup": (warmup(triangular(1.0, 3.0, 2, **MOMENTUM), 9, 0.1), {0: FOOT, 2: PEAK}),
    "scaled": (scaled(triangular(1.0, 3.0, 2, **MOMENTUM), 2.0), {0: FOOT, 2: PEAK}),
    "sequence": (
        sequence([(3, triangular(1.0, 3.0, 2, **MOMENTUM))] * 2), {2: PEAK, 3: FOOT, 5: PEAK, 6: HALF, 9: HALF},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LR)
def test_the_lr_is_what_the_formula_says(name: str) -> None:
    schedule, points = LR[name]
    for step, value in points.items():
        assert schedule.lr_at(step) == pytest.approx(value, rel=1e-14, abs=1e-15), step


@pytest.mark.parametrize("name", MOMENTA)
def test_the_momentum_is_what_the_formula_says(name: str) -> None:
    schedule, points = MOMENTA[name]
    for step, value in points.items():
        assert schedule.momentum_at(step) == pytest.approx(value, rel=1e-14), step


def test_lengths_are_what_was_asked_for() -> None:
    assert linear(1.0, 8).total_steps == wsd(1.0, 8, 1, 1).total_steps == one_cycle(1.0, 8).total_steps == 8
    assert sequence([(3, linear(1.0, 8)), (4, constant(1.0))]).total_steps == 7
    assert warmup(cosine(1.0, 8), 3, 0.1).total_steps == scaled(cosine(1.0, 8), 3.0).total_steps == 8
    assert constant(1.0).total_steps is piecewise(1.0, [3]).total_steps is triangular(1.0, 2.0, 3).total_steps is None
