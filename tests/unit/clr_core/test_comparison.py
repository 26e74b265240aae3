"""Medians over runs of which some never arrived, and steps to a target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clr_core.comparison import spread, steps_to

FINITE = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("values", "missing", "expected"),
    [
        ([3.0, 1.0, 2.0], "left_out", (2.0, 1.0, 3.0, 3, 3)),
        ([3.0, None, 1.0], "left_out", (2.0, 1.0, 3.0, 3, 2)),
        ([3.0, None, 1.0], "highest", (3.0, 1.0, None, 3, 2)),
        ([3.0, None, 1.0], "lowest", (1.0, None, 3.0, 3, 2)),
        ([3.0, None], "highest", (None, 3.0, None, 2, 1)),
        ([None, None, 1.0], "highest", (None, 1.0, None, 3, 1)),
        ([None], "left_out", (None, None, None, 1, 0)),
        ([], "highest", (None, None, None, 0, 0)),
    ],
)
def test_a_median_counts_the_runs_without_a_value_where_it_is_told_to(
    values: list[float | None], missing: str, expected: tuple[object, ...]
) -> None:
    found = spread(values, missing)  # type: ignore[arg-type]
    assert (found.median, found.low, found.high, found.runs, found.known) == expected


@given(st.lists(FINITE, min_size=1), st.integers(1, 5))
def test_a_run_that_never_arrives_moves_the_median_up_and_never_down(values: list[float], more: int) -> None:
    without, with_lost = spread(values, "highest").median, spread([*values, *[None] * more], "highest").median
    assert without is not None
    assert with_lost is None or with_lost >= without


def test_the_first_evaluation_that_is_good_enough_counts_its_own_update() -> None:
    accuracy = [(9, 0.2), (19, 0.6), (29, 0.5), (39, 0.7)]
    assert steps_to(0.5, accuracy, higher_is_better=True) == 20
    assert steps_to(0.7, accuracy, higher_is_better=True) == 40
    assert steps_to(0.71, accuracy, higher_is_better=True) is None
    assert steps_to(0.5, accuracy, higher_is_better=False) == 10
    assert steps_to(0.1, [], higher_is_better=False) is None
