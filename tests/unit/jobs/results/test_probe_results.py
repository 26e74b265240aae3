from typing import Any

import pytest

from jobs.database.tables.jobs import Job
from jobs.results.probe_results import ladder_rates, objective_of, score_of


def plain(diverged_at: float | None, max_lr: float | None) -> dict[str, Any]:
    bounds = None if max_lr is None else {"base_lr": max_lr / 10, "max_lr": max_lr}
    return {"evidence": {"lr_range": [1e-6, 10.0], "diverged_at": diverged_at}, "bounds": bounds}


def test_the_ladder_goes_down_from_the_edge_by_halves_and_further_to_bounds_below_it() -> None:
    assert ladder_rates(plain(1.6, 0.2), 5) == pytest.approx((0.1, 0.2, 0.4, 0.8, 1.6))
    deep = ladder_rates(plain(1.6, 0.002), 5)
    assert (deep[0], deep[-1]) == (0.001, 1.6)


def test_without_an_edge_it_begins_at_the_largest_rate_and_a_silent_curve_is_searched_whole() -> None:
    assert ladder_rates(plain(None, 4.0), 4) == pytest.approx((1.25, 2.5, 5.0, 10.0))
    assert ladder_rates(plain(None, None), 8)[0] == 1e-6
    assert ladder_rates(plain(0.8, None), 4) == pytest.approx((0.1, 0.2, 0.4, 0.8))


@pytest.mark.parametrize(
    ("measure", "objective", "score"),
    [("train_loss", "val_loss", 0.7), ("val_loss", "val_loss", 0.7), ("val_accuracy", "val_accuracy", 0.1)],
)
def test_probes_are_judged_by_held_back_data(measure: str, objective: str, score: float) -> None:
    job = Job(spec={"range_test": {"measure": measure}})
    assert objective_of(job) == objective
    assert score_of(job, {"val_loss": 0.7, "val_accuracy": 0.9}) == pytest.approx(score)
    assert score_of(job, {"val_loss": None}) == float("inf")
