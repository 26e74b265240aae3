"""Every bad argument is refused at construction, with its name, its value and the legal range."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import (
    constant,
    constant_batch_size,
    cosine,
    exp_range,
    linear,
    one_cycle,
    one_cycle_two_phase,
    piecewise,
    scaled,
    sequence,
    steps_of_epochs,
    triangular,
    triangular2,
    warm_start_batch_size,
    warmup,
    wsd,
)

CYCLES = {"base_momentum": 0.8, "max_momentum": 0.9}
GOOD: dict[Callable[..., Any], dict[str, Any]] = {
    constant: {"lr": 0.1},
    piecewise: {"lr": 0.1, "milestones": [3]},
    linear: {"lr": 0.1, "total_steps": 9},
    cosine: {"lr": 0.1, "total_steps": 9},
    wsd: {"lr": 0.1, "total_steps": 9, "warmup_steps": 2, "decay_steps": 2},
    triangular: {"base_lr": 0.1, "max_lr": 1.0, "step_size": 3},
    triangular2: {"base_lr": 0.1, "max_lr": 1.0, "step_size": 3},
    exp_range: {"base_lr": 0.1, "max_lr": 1.0, "step_size": 3, "gamma": 0.9},
    one_cycle: {"max_lr": 1.0, "total_steps": 9},
    one_cycle_two_phase: {"max_lr": 1.0, "total_steps": 9},
    warmup: {"schedule": linear(0.1, 9), "steps": 2, "from_factor": 0.1},
    scaled: {"schedule": constant(0.1), "factor": 2.0},
    constant_batch_size: {"batch_size": 3},
    warm_start_batch_size: {"batch_size": 8, "small_batch_size": 2, "small_steps": 3},
    steps_of_epochs: {"epochs": 2.0, "steps_per_epoch": 98},
}
NO_NUMBER: tuple[object, ...] = (math.nan, math.inf, -1.0, "0.1", True, None)
NO_STEPS: tuple[object, ...] = (0, -1, 2.0, True, "3", None)
NO_FACTOR: tuple[object, ...] = (0, *NO_NUMBER)
MOMENTUM: dict[str, tuple[object, ...]] = {
    "base_momentum": (None, -0.1, 0.95, math.nan),
    "max_momentum": (None, 1.0, -0.1, 0.7, "0.9"),
}
TRIANGLE: dict[str, tuple[object, ...]] = {
    "base_lr": (*NO_NUMBER, 1.0),
    "max_lr": (*NO_NUMBER, 0.05),
    "step_size": NO_STEPS,
    "step_size_down": NO_STEPS[:-1],
} | MOMENTUM

BAD: dict[Callable[..., Any], dict[str, tuple[object, ...]]] = {
    constant: {"lr": NO_FACTOR},
    piecewise: {"lr": NO_FACTOR, "milestones": ([0], [2.5], [3, 3], [5, 3]), "factor": NO_FACTOR},
    linear: {"lr": NO_NUMBER, "total_steps": NO_STEPS, "final_lr": NO_NUMBER},
    cosine: {"lr": NO_NUMBER, "total_steps": NO_STEPS, "final_lr": NO_NUMBER},
    wsd: {
        "lr": NO_FACTOR, "total_steps": NO_STEPS, "warmup_steps": (-1, 1.0), "decay_steps": (-1, 8, 1.0),
        "initial_lr": NO_NUMBER, "final_lr": NO_NUMBER, "decay": ("exp", ""),
    },
    triangular: TRIANGLE | {"scale_per": ("iterations", "")},
    triangular2: TRIANGLE,
    exp_range: TRIANGLE | {"gamma": (0, 1.1, *NO_NUMBER)},
    one_cycle: {
        "max_lr": NO_FACTOR, "total_steps": (*NO_STEPS, 3), "div_factor": (*NO_FACTOR, 1.0),
        "annihilation_fraction": (-0.1, 1.0, 0.85, math.nan), "final_div_factor": (*NO_FACTOR, 0.5),
        "anneal": ("sqrt",),
    } | MOMENTUM,
    one_cycle_two_phase: {
        "max_lr": NO_FACTOR, "total_steps": (*NO_STEPS, 1), "pct_start": (0, 1, 30, 0.1, 1 / 9, math.nan),
        "anneal": ("linear ",), "div_factor": (*NO_FACTOR, 1.0), "final_div_factor": (*NO_FACTOR, 0.5),
    } | MOMENTUM,
    warmup: {"steps": (*NO_STEPS, 10), "from_factor": (-0.1, 1.1, math.nan, None)},
    scaled: {"factor": NO_FACTOR},
    constant_batch_size: {"batch_size": NO_STEPS},
    warm_start_batch_size: {"batch_size": (*NO_STEPS, 2), "small_batch_size": (*NO_STEPS, 8), "small_steps": NO_STEPS},
    steps_of_epochs: {"epochs": NO_FACTOR, "steps_per_epoch": NO_FACTOR},
}  # fmt: skip
CASES = [(build, name, value) for build, names in BAD.items() for name, values in names.items() for value in values]


@pytest.mark.parametrize(
    ("build", "name", "value"), CASES, ids=[f"{build.__name__}-{name}-{value!r}" for build, name, value in CASES]
)
def test_a_bad_argument_is_refused_with_name_value_and_range(
    build: Callable[..., Any], name: str, value: object
) -> None:
    momentum = CYCLES if name in CYCLES else {}
    with pytest.raises(InvalidArgumentError, match=" must be ") as refusal:
        build(**GOOD[build] | momentum | {name: value})
    # Two that do not go together are refused under the name of one of them.
    assert refusal.value.name in GOOD[build] | BAD[build]
    assert repr(refusal.value.value) in str(refusal.value)
    assert refusal.value.legal in str(refusal.value)


@pytest.mark.parametrize("build", GOOD, ids=lambda build: build.__name__)
def test_the_good_arguments_are_accepted(build: Callable[..., Any]) -> None:
    assert build(**GOOD[build])


def test_a_legal_range_is_named_with_its_numbers() -> None:
    with pytest.raises(InvalidArgumentError, match=r"total_steps must be a whole number of steps >= 4, got 3"):
        one_cycle(1.0, 3)
    with pytest.raises(InvalidArgumentError, match=r"pct_start must be in .* = \(0.1, 1\), got 0.05"):
        one_cycle_two_phase(1.0, 10, 0.05)
    with pytest.raises(InvalidArgumentError, match=r"max_lr must be a finite number > 0.5, got 0.1"):
        triangular(0.5, 0.1, 10)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [(0, constant(0.1))],
        [(1.5, constant(0.1))],
        [(5, constant(0.1)), (5, one_cycle(1.0, 9, base_momentum=0.8, max_momentum=0.9))],
    ],
)
def test_parts_that_make_no_sequence_are_refused(parts: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        sequence(parts)


@pytest.mark.parametrize("ask", ["lr_at", "momentum_at", "curve", "momentum_curve"])
def test_negative_steps_are_refused(ask: str) -> None:
    with pytest.raises(InvalidArgumentError, match="got -1"):
        getattr(one_cycle(1.0, 9), ask)(-1)
    with pytest.raises(InvalidArgumentError, match="got -1"):
        constant_batch_size(3).batch_size_at(-1)


def test_a_scale_of_ones_own_that_leaves_0_to_1_is_refused_when_met() -> None:
    schedule = triangular(0.1, 1.0, 3, scale=lambda cycle: 1.0 + cycle)
    assert schedule.lr_at(3) == 1.0
    with pytest.raises(InvalidArgumentError, match="scale must be a function with values in"):
        schedule.lr_at(9)
