"""What holds for every argument: bounds, ends, periods, continuity, and equality of the scalar with the curve."""

import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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

SOME = settings(max_examples=60, deadline=None)

rates = st.floats(1e-8, 1e3)

totals = st.integers(4, 3_000)

ratios = st.floats(1.001, 1e6)
MOMENTUM: dict[str, Any] = {"base_momentum": 0.85, "max_momentum": 0.95}


@st.composite
def simple(draw: st.DrawFn) -> Schedule:
    lr, total, ratio = draw(rates), draw(totals), draw(ratios)
    size, down = draw(st.integers(1, 500)), draw(st.integers(1, 500))
    return draw(
        st.sampled_from(
            [
                constant(lr),
                piecewise(lr, sorted({size, size + down}), 0.3),
                linear(lr, total, lr / ratio),
                cosine(lr, total, lr / ratio),
                wsd(lr, total, total // 4, total // 3, decay=draw(st.sampled_from(["linear", "cos", "sqrt"]))),
                triangular(lr, lr * ratio, size, step_size_down=down, **MOMENTUM),
                triangular(lr, lr * ratio, size, scale=lambda count: 1 / (1 + count), scale_per="step"),
                triangular2(lr, lr * ratio, size, step_size_down=down, **MOMENTUM),
                exp_range(lr, lr * ratio, size, 0.999, step_size_down=down, **MOMENTUM),
                one_cycle(lr, total, div_factor=ratio, **MOMENTUM),
                one_cycle_two_phase(lr, max(total, 10), anneal=draw(st.sampled_from(["cos", "linear"])), **MOMENTUM),
            ]
        )
    )


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    first, second = draw(simple()), draw(simple())
    warm = draw(st.integers(1, first.total_steps or 3_000))
    composed = [first, scaled(first, draw(ratios)), warmup(first, warm, draw(st.floats(0, 1)))]
    if (first.momentum is None) == (second.momentum is None):
        composed.append(sequence([(draw(totals), first), (draw(totals), second)]))
    return draw(st.sampled_from(composed))


@SOME
@given(schedule=schedules())
def test_the_curve_is_the_scalar_to_four_ulps_of_the_highest(schedule: Schedule) -> None:
    n = min(schedule.total_steps or 400, 400) + 20
    curve = schedule.curve(n)
    scalar = np.array([schedule.lr_at(step) for step in range(n)])
    assert np.abs(curve - scalar).max() <= 4 * np.spacing(scalar.max())
    momenta = schedule.momentum_curve(n)
    if momenta is not None:
        scalars = np.array([schedule.momentum_at(step) for step in range(n)], dtype=np.float64)
        assert np.abs(momenta - scalars).max() <= 2 * np.spacing(scalars.max())


@SOME
@given(lr=rates, ratio=ratios, total=totals, size=st.integers(1, 500), down=st.integers(1, 500))
def test_the_curve_is_the_scalar_to_the_last_bit_where_the_formula_is_arithmetic(
    lr: float, ratio: float, total: int, size: int, down: int
) -> None:
    cycle = triangular(lr, lr * ratio, size, step_size_down=down)
    run = one_cycle(lr, total, div_factor=ratio)
    for schedule in (
        cycle, run, piecewise(lr, [size, size + down]), linear(lr, total), wsd(lr, total, total // 4, total // 3),
        sequence([(size, cycle), (total, run)]), warmup(cycle, size, 0.1), scaled(cycle, ratio),
    ):  # fmt: skip
        assert schedule.curve(500).tolist() == [schedule.lr_at(step) for step in range(500)]


@SOME
@given(max_lr=rates, total=totals, div=st.floats(1.001, 1e6), final=st.floats(1, 1e6), part=st.floats(0.001, 0.5))
def test_one_cycle_uses_its_peak_once_and_its_ends_exactly(
    max_lr: float, total: int, div: float, final: float, part: float
) -> None:
    schedule = one_cycle(max_lr, total, div_factor=div, annihilation_fraction=part, final_div_factor=final)
    curve = schedule.curve(total)
    assert curve.max() == max_lr
    assert (curve == max_lr).sum() == 1
    assert curve[0] == curve[2 * curve.argmax()] == max_lr / div
    assert curve[-1] == curve.min() == max_lr / div / final
    assert schedule.lr_at(total) == schedule.lr_at(10**12) == curve[-1]


@SOME
@given(base=rates, ratio=ratios, up=st.integers(1, 500), down=st.integers(1, 500), start=st.integers(0, 10**12))
def test_triangles_stay_within_bounds_meet_them_exactly_and_repeat_for_ever(
    base: float, ratio: float, up: int, down: int, start: int
) -> None:
    schedule = triangular(base, base * ratio, up, step_size_down=down, **MOMENTUM)
    cycle = up + down
    curve = schedule.curve(cycle)
    assert curve.min() == curve[0] == base
    assert curve.max() == curve[up] == base * ratio
    step = start % cycle
    assert schedule.lr_at(start) == curve[step]
    assert schedule.momentum_at(start) == schedule.momentum_at(step)


@SOME
@given(base=rates, ratio=ratios, size=st.integers(1, 300), gamma=st.floats(0.9, 1))
def test_shrinking_triangles_stay_within_the_bounds(base: float, ratio: float, size: int, gamma: float) -> None:
    for schedule in (
        triangular2(base, base * ratio, size, **MOMENTUM), exp_range(base, base * ratio, size, gamma, **MOMENTUM)
    ):  # fmt: skip
        curve, momenta = schedule.curve(3_000), schedule.momentum_curve(3_000)
        assert base <= curve.min() <= curve.max() <= base * ratio
        assert momenta is not None
        assert 0.85 <= momenta.min() <= momenta.max() <= 0.95


@SOME
@given(max_lr=rates, total=st.integers(10, 3_000), pct=st.floats(0.11, 0.95), anneal=st.sampled_from(["cos", "linear"]))
def test_two_phases_stay_within_the_bounds_and_meet_both_ends(
    max_lr: float, total: int, pct: float, anneal: str
) -> None:
    curve = one_cycle_two_phase(max_lr, total, pct, anneal).curve(total)
    assert curve[0] == max_lr / 25
    assert curve[-1] == curve.min() == max_lr / 25 / 1e4
    assert curve.max() <= max_lr


@SOME
@given(lr=rates, total=st.integers(60, 3_000), ratio=ratios)
def test_what_is_continuous_never_jumps(lr: float, total: int, ratio: float) -> None:
    """Between two steps no more than the steepest slope: of a half cosine pi / 2 times that of a line."""
    shortest = total // 20
    for schedule in (
        linear(lr, total), cosine(lr, total), wsd(lr, total, shortest, shortest, decay="cos"),
        one_cycle(lr, total, div_factor=ratio), one_cycle_two_phase(lr, total),
        triangular(lr / ratio, lr, shortest), triangular2(lr / ratio, lr, shortest), exp_range(0, lr, shortest, 0.999),
    ):  # fmt: skip
        assert np.abs(np.diff(schedule.curve(total))).max() <= 1.01 * np.pi / 2 * lr / (shortest - 0.5)


@SOME
@given(schedule=schedules(), beyond=st.integers(0, 10**9))
def test_past_its_end_a_schedule_holds(schedule: Schedule, beyond: int) -> None:
    if schedule.total_steps is not None:
        assert schedule.lr_at(schedule.total_steps + beyond) == schedule.lr_at(schedule.total_steps)
        assert schedule.momentum_at(schedule.total_steps + beyond) == schedule.momentum_at(schedule.total_steps)


def test_schedules_are_values() -> None:
    schedule = one_cycle(0.8, 95, **MOMENTUM)
    assert schedule == one_cycle(0.8, 95, **MOMENTUM) != one_cycle(0.8, 96, **MOMENTUM)
    assert len({schedule, one_cycle(0.8, 95, **MOMENTUM)}) == 1
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    with pytest.raises(FrozenInstanceError):
        schedule.total_steps = 3  # type: ignore[misc]


def test_the_import_loads_numpy_and_nothing_else_that_is_installed() -> None:
    program = (
        "import sys; before = set(sys.modules); import clr_core.schedules; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['clr_core', 'numpy']"
