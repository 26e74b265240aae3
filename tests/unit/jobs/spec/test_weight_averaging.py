from typing import Any

import pytest
from pydantic import ValidationError

from clr_core.errors import InvalidArgumentError
from jobs.spec.schedules.builder import Length
from jobs.spec.weight_averaging import Swa, Swap, cycle_ends
from tests.builders import conditions, conditions_of, one_cycle, train_spec

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
