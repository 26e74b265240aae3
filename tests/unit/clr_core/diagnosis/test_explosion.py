"""Losses that are finite and ruined all the same, and losses that only look so."""

import math

import pytest

from clr_core.diagnosis import Explosion

GUESS = math.log(10)


def seen(losses: list[float], val_loss: float = 1.0, first: int = 0) -> tuple[list[str], str | None]:
    """Codes of alarms, and why a training with these losses has failed; losses come in twos."""
    explosion, found = Explosion(GUESS), []
    for start in range(0, len(losses), 2):
        part = losses[start : start + 2]
        steps = list(range(first + start, first + start + len(part)))
        found.append(explosion.see(steps, part, [0.1] * len(part)))
    return [finding.code for finding in found if finding is not None], explosion.ruin(val_loss)


def test_a_loss_far_above_its_start_is_an_alarm_once_and_a_failure_at_the_end() -> None:
    codes, why = seen([2.4, 2.3, *[1e17] * 30], 1e17)
    assert codes == ["loss_exploded"]
    assert why is not None
    assert "1e+17" in why
    assert "2.4" in why


def test_a_loss_that_comes_back_is_an_alarm_and_no_failure() -> None:
    assert seen([2.4, 2.3, *[50.0] * 10, *[2.0] * 10]) == (["loss_exploded"], None)


@pytest.mark.parametrize("losses", [[2.4, 2.0, 900.0, 900.0, 1.5, 1.4], [2.4, 4.5, 4.8, 4.5, 3.0, 2.0, 1.0]])
def test_two_batches_unlike_the_others_or_twice_the_start_are_nothing(losses: list[float]) -> None:
    assert seen(losses) == ([], None)


@pytest.mark.parametrize("val_loss", [20.0, 1e18])
def test_validation_loss_far_above_is_no_failure_while_training_loss_is_low(val_loss: float) -> None:
    assert seen([2.4, 1.0, 0.5, 0.4, 0.4, 0.4], val_loss)[1] is None  # overfitting, or running statistics that lag


def test_it_is_a_failure_where_training_loss_ends_above_its_start_too() -> None:
    assert seen([2.4, 3.0, 3.5, 3.5, 3.5, 3.5], 22.0)[1] is not None
    assert seen([2.4, 3.0, 3.5, 3.5, 3.5, 3.5], 3.5)[1] is None
    assert seen([2.4, 2.5, 2.6, 2.6, 2.6, 2.6], 22.0)[1] is None  # by noise


@pytest.mark.parametrize("val_loss", [math.nan, math.inf])
def test_a_validation_loss_that_is_no_number_is_a_failure(val_loss: float) -> None:
    assert seen([2.4, 1.0], val_loss)[1] is not None


def test_a_start_that_is_high_and_a_first_loss_that_is_low_raise_nothing() -> None:
    assert seen([80.0, 90.0, 85.0, 70.0, 60.0, 60.0], 60.0) == ([], None)
    assert seen([0.01, 0.1, 0.1, 0.1, 0.1, 0.1], 0.1) == ([], None)  # weights that were trained before


def test_after_a_resume_the_start_is_that_of_the_first_step() -> None:
    resumed = Explosion(GUESS)
    resumed.first = 80.0
    assert resumed.see(range(50, 60), [90.0] * 10, [0.1] * 10) is None
    assert resumed.start == 80.0
