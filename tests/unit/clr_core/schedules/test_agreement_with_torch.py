"""Agreement with torch over random arguments and 5,000 steps, and where the definitions differ, how."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.optim import lr_scheduler

from clr_core.schedules import (
    Schedule,
    cosine,
    exp_range,
    one_cycle,
    one_cycle_two_phase,
    piecewise,
    triangular,
    triangular2,
)

STEPS = 5_000
EXACT = 1e-12
FEW = settings(max_examples=12, deadline=None)

rates = st.floats(1e-4, 10)

momenta = st.tuples(st.floats(0.05, 0.98), st.floats(0.05, 0.98)).map(sorted).map(tuple)

sizes = st.integers(5, 4_000)

totals = st.just(STEPS) | st.integers(20, STEPS)


def optimizer(lr: float = 0.1) -> torch.optim.SGD:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)


def torchs(
    build: Callable[[torch.optim.Optimizer], Any], steps: int = STEPS, lr: float = 0.1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """LR and momentum of a scheduler of torch's, step by step."""
    stepped = optimizer(lr)
    scheduler = build(stepped)
    stepped.step()
    group = stepped.param_groups[0]
    values = np.empty((steps, 2))
    for step in range(steps):
        values[step] = group["lr"], group["momentum"]
        if step + 1 < steps:
            scheduler.step()
    return values[:, 0], values[:, 1]


def ours(schedule: Schedule, steps: int = STEPS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """LR and momentum by the scalar functions."""
    lr = np.array([schedule.lr_at(step) for step in range(steps)])
    momentum = np.array([schedule.momentum_at(step) or math.nan for step in range(steps)])
    return lr, momentum


def assert_same_cycles(
    schedule: Schedule, build: Callable[[torch.optim.Optimizer], Any], sizes: tuple[int, int], rise: float
) -> None:
    """Relative 1e-12, but for what torch's own ``1 + s / cycle - number of the cycle`` has lost by then."""
    cycle = sum(sizes)
    lost = 2 * np.spacing(1 + STEPS / cycle) * cycle / min(sizes)
    assert lost < EXACT
    lr, momentum = torchs(build)
    np.testing.assert_allclose(ours(schedule)[0], lr, rtol=EXACT, atol=lost * rise)
    np.testing.assert_allclose(ours(schedule)[1], momentum, rtol=EXACT, atol=lost)


@FEW
@given(base=rates, ratio=st.floats(1.1, 1e3), up=sizes, down=sizes, momentum=momenta, data=st.data())
def test_triangles_are_cyclic_lr(
    base: float, ratio: float, up: int, down: int, momentum: tuple[float, float], data: st.DataObject
) -> None:
    mode: Any = data.draw(st.sampled_from(["triangular", "triangular2", "exp_range"]))
    gamma = data.draw(st.floats(0.99, 1)) if mode == "exp_range" else 1.0
    low, high = momentum
    rest: dict[str, Any] = {"step_size_down": down, "base_momentum": low, "max_momentum": high}
    mine = {
        "triangular": lambda: triangular(base, base * ratio, up, **rest),
        "triangular2": lambda: triangular2(base, base * ratio, up, **rest),
        "exp_range": lambda: exp_range(base, base * ratio, up, gamma, **rest),
    }[mode]()
    assert_same_cycles(
        mine,
        lambda o: lr_scheduler.CyclicLR(o, base, base * ratio, up, mode=mode, gamma=gamma, **rest),
        (up, down),
        base * ratio - base,
    )


@FEW
@given(base=rates, up=sizes, per=st.sampled_from(["cycle", "step"]))
def test_a_scale_of_ones_own_is_cyclic_lr_s_with_cycles_counted_from_zero(base: float, up: int, per: str) -> None:
    def shrink(count: float) -> float:
        return 1 / (1 + count)

    mine = triangular(base, 3 * base, up, scale=shrink, scale_per=per, base_momentum=0.8, max_momentum=0.9)
    mode = "cycle" if per == "cycle" else "iterations"
    torchs_scale = (lambda cycle: shrink(cycle - 1)) if per == "cycle" else shrink
    assert_same_cycles(
        mine,
        lambda o: lr_scheduler.CyclicLR(o, base, 3 * base, up, scale_fn=torchs_scale, scale_mode=mode),  # type: ignore[arg-type]
        (up, up),
        2 * base,
    )


@FEW
@given(max_lr=rates, total=totals, anneal=st.sampled_from(["cos", "linear"]), data=st.data())
def test_two_phases_are_one_cycle_lr(max_lr: float, total: int, anneal: Any, data: st.DataObject) -> None:
    pct_start, div, final_div = data.draw(st.tuples(st.floats(0.1, 0.9), st.floats(1.5, 100), st.floats(1, 1e5)))
    low, high = data.draw(momenta)
    momentum: dict[str, Any] = {"base_momentum": low, "max_momentum": high}
    mine = ours(one_cycle_two_phase(max_lr, total, pct_start, anneal, div, final_div, **momentum), total)
    theirs = torchs(
        lambda o: lr_scheduler.OneCycleLR(
            o, max_lr, total, pct_start=pct_start, anneal_strategy=anneal, div_factor=div,
            final_div_factor=final_div, **momentum,
        ),
        total,
    )  # fmt: skip
    np.testing.assert_allclose(mine[1], theirs[1], rtol=EXACT, atol=0)
    np.testing.assert_allclose(mine[0][1:-1], theirs[0][1:-1], rtol=EXACT, atol=0)
    # Its ends torch reaches by adding and taking away max_lr, hence to an ulp of that; ours are exact.
    np.testing.assert_allclose(mine[0][[0, -1]], theirs[0][[0, -1]], rtol=0, atol=np.spacing(max_lr))


@FEW
@given(max_lr=rates, total=totals, annihilation=st.floats(0.01, 0.8), data=st.data())
def test_smiths_three_phases_are_one_cycle_lr_where_torch_s_peak_is_a_whole_step(
    max_lr: float, total: int, annihilation: float, data: st.DataObject
) -> None:
    anneal: Any = data.draw(st.sampled_from(["cos", "linear"]))
    rest: dict[str, Any] = {"base_momentum": 0.85, "max_momentum": 0.95, "div_factor": 10.0, "final_div_factor": 100.0}
    schedule = one_cycle(max_lr, total, annihilation_fraction=annihilation, anneal=anneal, **rest)
    peak = int(schedule.curve(total).argmax())
    pct_start = (peak + 1) / total
    lr, momentum = torchs(
        lambda o: lr_scheduler.OneCycleLR(
            o, max_lr, total, pct_start=pct_start, anneal_strategy=anneal, three_phase=True, **rest
        ),
        total,
    )
    # torch's boundaries are products of floats: they miss the whole step by an ulp of the number of steps.
    slope = 4 * np.spacing(float(total)) / min(peak, total - 1 - 2 * peak)
    mine = ours(schedule, total)
    np.testing.assert_allclose(mine[0], lr, rtol=EXACT, atol=slope * max_lr)
    np.testing.assert_allclose(mine[1], momentum, rtol=EXACT, atol=slope)


@FEW
@given(lr=rates, marks=st.sets(st.integers(1, STEPS), max_size=8), factor=st.floats(0.05, 1.5))
def test_piecewise_is_multi_step_lr(lr: float, marks: set[int], factor: float) -> None:
    milestones = sorted(marks)
    theirs, _ = torchs(lambda o: lr_scheduler.MultiStepLR(o, milestones, gamma=factor), lr=lr)
    np.testing.assert_allclose(ours(piecewise(lr, milestones, factor))[0], theirs, rtol=EXACT, atol=0)


@FEW
@given(lr=rates, total=totals, final=st.floats(0, 0.9))
def test_cosine_is_cosine_annealing_lr_to_1e_12_of_its_highest(lr: float, total: int, final: float) -> None:
    theirs, _ = torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, total, eta_min=final * lr), total + 1, lr)
    # Of the highest: 1 + cos(pi t) cancels near t = 1, and torch multiplies its way there from the step before.
    np.testing.assert_allclose(ours(cosine(lr, total, final * lr), total + 1)[0], theirs, rtol=0, atol=EXACT * lr)


@FEW
@given(max_lr=rates, total=totals, pct_start=st.floats(0.1, 0.9))
def test_fit_one_cycle_of_fastai_is_two_phases_one_step_longer(max_lr: float, total: int, pct_start: float) -> None:
    """Its published formula: combined_cos(pct_start, lr_max / 25, lr_max, lr_max / 1e5) at step / total."""

    def half_cosine(start: float, end: float, t: float) -> float:
        return start + (1 + math.cos(math.pi * (1 - t))) * (end - start) / 2

    def fastais(step: int) -> float:
        t = step / total
        if t < pct_start:
            return half_cosine(max_lr / 25, max_lr, t / pct_start)
        return half_cosine(max_lr, max_lr / 1e5, (t - pct_start) / (1 - pct_start))

    moved = one_cycle_two_phase(max_lr, total + 1, (pct_start * total + 1) / (total + 1), final_div_factor=1e5 / 25)
    expected = np.array([fastais(step) for step in range(total)])
    # Of the highest: 1 + cos cancels near the foot, in either form.
    np.testing.assert_allclose(ours(moved, total)[0], expected, rtol=0, atol=EXACT * max_lr)


def test_past_its_end_torch_goes_on_where_ours_holds() -> None:
    """OneCycleLR takes one step too many, below its lowest LR, then raises; CosineAnnealingLR rises again."""
    total = 10
    stepped = optimizer()
    scheduler = lr_scheduler.OneCycleLR(stepped, 1.0, total, anneal_strategy="linear")
    stepped.step()
    for _ in range(total):
        scheduler.step()
    schedule = one_cycle_two_phase(1.0, total, anneal="linear")
    assert stepped.param_groups[0]["lr"] < 0
    assert schedule.lr_at(total) == schedule.lr_at(total - 1) == 1 / 25 / 1e4
    with pytest.raises(ValueError, match="Tried to step"):
        scheduler.step()
    theirs, _ = torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, total), total + 3)
    assert theirs[-1] > theirs[total]
    assert cosine(0.1, total).lr_at(total + 2) == 0


def test_a_short_run_divides_by_zero_in_torch_and_is_refused_here() -> None:
    with pytest.raises(ZeroDivisionError):
        lr_scheduler.OneCycleLR(optimizer(), 1.0, 3, pct_start=1 / 3)
    with pytest.raises(ValueError, match="pct_start must be in"):
        one_cycle_two_phase(1.0, 3, 1 / 3)


def test_torch_s_triangular2_overflows_after_1024_cycles_and_ours_does_not() -> None:
    with pytest.raises(OverflowError):
        torchs(lambda o: lr_scheduler.CyclicLR(o, 0.1, 1.0, 1, mode="triangular2"))
    assert triangular2(0.1, 1.0, 1).lr_at(4_999) == 0.1
