from typing import Any

import pytest
from pydantic import ValidationError

from tests.builders import conditions, one_cycle, train_spec


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


@pytest.mark.parametrize(
    "options",
    [
        {"early_stop": {"metric": "val_accuracy", "target": 1.5}},
        {"early_stop": {"metric": "train_loss", "target": 0.1}},
        {"on_divergence": {"lower_max_lr_by": 1}},
        {"on_divergence": {"tries": 0}},
        {"observe": {"weights": True}},
    ],
)
def test_options_outside_their_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        train_spec(**options)
