from typing import Any

import pytest
from pydantic import ValidationError

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import constant_batch_size, warm_start_batch_size
from clr_core.schedules.batch_size import BatchSizeSchedule
from jobs.bounds import resolve
from tests.builders import conditions, one_cycle, train_spec


def test_the_linear_scaling_rule_multiplies_peak_and_foot() -> None:
    assert resolve(train_spec(lr_reference_batch=16), bounds=None)["max_lr"] == pytest.approx(0.4)
    cyclic = {"name": "triangular", "max_lr": 0.1, "base_lr": 0.01, "step_size": 5}
    rates = resolve(train_spec(lr_reference_batch=128, schedule=cyclic), bounds=None)
    assert rates == {"max_lr": pytest.approx(0.05), "base_lr": pytest.approx(0.005)}


def test_bounds_of_a_range_test_are_not_scaled() -> None:
    with pytest.raises(ValidationError, match="goes with a peak that is a number"):
        train_spec(schedule=one_cycle("auto"), lr_reference_batch=32)


@pytest.mark.parametrize(("small", "message"), [(64, "above small_batch_size = 64"), (7, "a multiple of 2")])
def test_a_warm_start_that_does_not_fit_is_refused(small: int, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        train_spec(batch_size_warm_start={"small_batch_size": small, "small_steps": 3})


def test_the_noise_scale_needs_gradients_of_two_batch_sizes() -> None:
    observe: dict[str, Any] = {"noise_scale": {"every": 5}}
    with pytest.raises(ValidationError, match=r"conditions\.world_size or conditions\.accumulation_steps of 2 or more"):
        train_spec(conditions=conditions(world_size=1), observe=observe)
    for changes in ({"world_size": 2}, {"world_size": 1, "accumulation_steps": 2}):
        assert train_spec(conditions=conditions(**changes), observe=observe).observe.noise_scale is not None


@pytest.mark.parametrize("sizes", [constant_batch_size(7), warm_start_batch_size(20, 3, 11)])
def test_samples_before_a_step_are_the_sum_and_steps_for_samples_the_inverse(
    sizes: BatchSizeSchedule,
) -> None:
    total = 0
    for step in range(30):
        assert sizes.samples_before(step) == total
        assert sizes.steps_for(total) == step
        total += sizes.batch_size_at(step)
        assert sizes.steps_for(total - 1) == step + 1
    with pytest.raises(InvalidArgumentError):
        sizes.samples_before(-1)
