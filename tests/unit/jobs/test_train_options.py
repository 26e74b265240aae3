from typing import Any

import pytest
from pydantic import ValidationError

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import constant_batch_size, warm_start_batch_size
from clr_core.schedules.batch_size import BatchSizeSchedule
from jobs.lifecycle.training_rates import resolve
from jobs.spec.schedules.builder import Length
from jobs.spec.weight_averaging import Swa, Swap, cycle_ends
from tests.builders import conditions, conditions_of, one_cycle, train_spec


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


SWAP: dict[str, Any] = {"schedule": {"name": "linear", "lr": 0.05}, "epochs": 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conditions": conditions(world_size=1)}, "conditions.world_size of 2 or more, got 1"),
        ({"swap": SWAP | {"steps": 3}}, "exactly one of epochs and steps"),
        ({"swap": SWAP | {"schedule": {"name": "linear", "lr": "auto"}}}, "must have rates that are numbers"),
        ({"swap": SWAP | {"batch_size": 2000}}, "must be at most 1437"),
        ({"swap": SWAP | {"batch_size": 9}, "conditions": conditions(batch_norm_group_size=8)}, "must divide 9, got 8"),
        ({"ema_decay": 0.9}, "swap, swa and ema_decay exclude each other"),
        ({"on_divergence": {}}, "would not lower the rates of swap.schedule"),
        ({"conditions": conditions(optimizer={"name": "schedulefree_sgd"})}, "averages by itself"),
    ],
)
def test_a_second_phase_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        train_spec(**{"swap": SWAP} | changes)


CYCLES: dict[str, Any] = {"name": "triangular", "max_lr": 0.1, "base_lr": 0.01, "step_size": 5}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": one_cycle()}, "a schedule that repeats one, not one_cycle"),
        ({"steps": 39}, "total_steps must be at least 40, two cycles from swa.from_cycle = 2 on, got 39"),
        ({"swap": SWAP}, "swap, swa and ema_decay exclude each other"),
    ],
)
def test_an_average_over_cycles_that_are_not_there_is_refused(changes: dict[str, Any], message: str) -> None:
    asked = {"schedule": CYCLES, "steps": 40, "swa": {"from_cycle": 2}}
    assert train_spec(**asked).swa is not None
    with pytest.raises(ValidationError, match=message):
        train_spec(**asked | changes)


def test_cycles_end_by_their_length_in_epochs_and_by_a_fall_of_its_own() -> None:
    spec = train_spec(schedule=CYCLES | {"step_size": None, "step_size_epochs": 0.5, "step_size_down": 7})
    ends = cycle_ends(spec.schedule, Swa(from_cycle=1), Length(51, 20.0))
    assert list(ends) == [33, 50], "cycles of 10 + 7 steps"
    with pytest.raises(InvalidArgumentError, match="total_steps must be at least 51"):
        cycle_ends(spec.schedule, Swa(from_cycle=1), Length(50, 20.0))


def test_a_rank_on_its_own_has_pieces_no_larger_than_before_and_its_own_batch_norm() -> None:
    whole = conditions_of(global_batch_size=256, accumulation_steps=4, sync_batch_norm=True)
    swap = Swap.model_validate(SWAP)
    alone = swap.conditions_of_a_rank(whole)
    assert (alone.world_size, alone.global_batch_size, alone.accumulation_steps) == (1, 128, 4)
    assert not alone.sync_batch_norm
    small = Swap.model_validate(SWAP | {"batch_size": 16}).conditions_of_a_rank(whole)
    assert (small.global_batch_size, small.accumulation_steps) == (16, 1)


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
