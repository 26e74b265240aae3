"""Exponential, polynomial and warm restarts: torch's schedules of those names, and their edges."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import Schedule, exponential, polynomial, warm_restarts

PAIRS: dict[str, tuple[Schedule, Callable[[Any], lr_scheduler.LRScheduler]]] = {
    "exponential": (exponential(0.3, 0.97), lambda o: lr_scheduler.ExponentialLR(o, 0.97)),
    "polynomial": (polynomial(0.3, 60, 0.9), lambda o: lr_scheduler.PolynomialLR(o, 60, 0.9)),
    "restarts": (warm_restarts(0.3, 20), lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 20)),
    "growing": (warm_restarts(0.3, 7, 2, 0.01), lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7, 2, 0.01)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_it_is_torch_s_and_its_curve_is_its_values(name: str) -> None:
    schedule, build = PAIRS[name]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.3)
    scheduler, theirs = build(optimizer), []
    for _ in range(80):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert [schedule.lr_at(step) for step in range(80)] == pytest.approx(theirs, rel=1e-11, abs=1e-13)
    np.testing.assert_allclose(schedule.curve(80), [schedule.lr_at(step) for step in range(80)], rtol=1e-14, atol=1e-17)


def test_ends_and_restarts_are_met_to_the_bit() -> None:
    assert polynomial(0.3, 10, 2.0, 0.1).lr_at(0) == 0.3
    assert {polynomial(0.3, 10, 2.0, 0.1).lr_at(step) for step in (10, 11, 99)} == {0.1}
    assert [warm_restarts(0.3, 4, 3).lr_at(step) for step in (0, 4, 16)] == [0.3] * 3
    assert warm_restarts(0.3, 4).lr_at(4 * 10**9) == 0.3


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: exponential(0.0, 0.9), "lr"),
        (lambda: exponential(0.1, 1.1), "gamma"),
        (lambda: polynomial(-0.1, 9), "lr"),
        (lambda: polynomial(0.1, 0), "total_steps"),
        (lambda: polynomial(0.1, 9, 0.0), "power"),
        (lambda: polynomial(0.1, 9, 1.0, -1.0), "final_lr"),
        (lambda: warm_restarts(0.0, 9), "lr"),
        (lambda: warm_restarts(0.1, 0), "first_steps"),
        (lambda: warm_restarts(0.1, 9, 0), "growth"),
        (lambda: warm_restarts(0.1, 9, 1, 0.2), "final_lr"),
    ],
    ids=range(10),
)
def test_bad_arguments_are_refused(build: Callable[[], Schedule], name: str) -> None:
    with pytest.raises(InvalidArgumentError) as refusal:
        build()
    assert refusal.value.name == name
