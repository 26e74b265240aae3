"""The grid of a sweep: its cells, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from jobs.spec import sweep as grid
from jobs.spec.job import job_spec
from tests.builders import conditions, conditions_of, sweep


def test_the_grid_has_every_combination_in_order() -> None:
    over: dict[str, list[Any]] = {"optimizer.weight_decay": [1e-3, 1e-4], "global_batch_size": [64, 128]}
    assert [tuple(each.values()) for each in grid.settings_of(over)] == [
        (1e-3, 64), (1e-3, 128), (1e-4, 64), (1e-4, 128),
    ]  # fmt: skip


@pytest.mark.parametrize("settings", [
    {"optimizer.weight_decay": 0.1}, {"optimizer.momentum": 0.5}, {"global_batch_size": 32}, {"world_size": 4},
    {"precision": "bf16"}, {"label_smoothing": 0.1},
])  # fmt: skip
def test_a_cell_differs_from_the_base_in_its_settings_only(settings: dict[str, Any]) -> None:
    base = conditions_of()
    path = next(iter(settings)).replace(".", "/")
    assert grid.conditions_of(base, settings).differences(base) == [f"/conditions/{path}"]


def test_the_momentum_of_adam_is_its_first_beta() -> None:
    base = conditions_of(optimizer={"name": "adamw", "betas": [0.9, 0.99]})
    optimizer = grid.conditions_of(base, {"optimizer.momentum": 0.8}).model_dump()["optimizer"]
    assert optimizer["betas"] == [0.8, 0.99]
    assert "momentum" not in optimizer


@pytest.mark.parametrize(("over", "pointer", "code"), [
    ({"world_size": [1, 3]}, "/over/world_size/1", "not_divisible"),
    ({"global_batch_size": [64, 63]}, "/over/global_batch_size/1", "not_divisible"),
    ({"world_size": [2, 3], "global_batch_size": [6, 8]}, "/over/global_batch_size/1", "not_divisible"),
    ({"global_batch_size": [64, 5000]}, "/over/global_batch_size/1", "batch_larger_than_dataset"),
    ({"optimizer.weight_decay": [0.1, -1]}, "/over/optimizer.weight_decay/1", "greater_than_equal"),
    ({"optimizer.weight_decay": [True]}, "/over/optimizer.weight_decay/0", "float_type"),
    ({"optimizer.momentum": [0.9, 1.5]}, "/over/optimizer.momentum/1", "less_than"),
    ({"precision": ["fp32", "fp8"]}, "/over/precision/1", "literal_error"),
    ({"world_size": [1, [2]]}, "/over/world_size/1", "int_type"),
    ({"global_batch_size": [64, 128, 64]}, "/over/global_batch_size/2", "duplicate_value"),
    ({"optimizer.weight_decay": [i / 100 for i in range(33)], "world_size": [1, 2]}, "/over", "too_many_cells"),
])  # fmt: skip
def test_an_illegal_value_is_refused_by_its_place(over: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        job_spec.validate_python(sweep(over=over))
    (error,) = refusal.value.errors()
    assert (error["ctx"]["pointer"], error["ctx"]["code"]) == (pointer, code)


def test_a_momentum_that_nesterov_needs_may_not_be_zero() -> None:
    base = conditions(optimizer={"name": "sgd", "momentum": 0.9, "nesterov": True})
    with pytest.raises(ValidationError) as refusal:
        job_spec.validate_python(sweep(conditions=base, over={"optimizer.momentum": [0.9, 0]}))
    assert refusal.value.errors()[0]["ctx"]["pointer"] == "/over/optimizer.momentum/1"


@pytest.mark.parametrize("over", [
    {}, {"global_batch_size": []}, {"model.name": ["mlp"]}, {"optimizer.betas": [[0.9, 0.99]]}, {"world_size": 2},
    {"optimizer.weight_decay": [0.1], "optimizer.momentum": [0.5], "global_batch_size": [64], "world_size": [2],
     "precision": ["fp32"]},
])  # fmt: skip
def test_a_grid_of_another_form_is_refused(over: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="over"):
        job_spec.validate_python(sweep(over=over))
