"""Bounds of range tests that measure held-back data, from the curves that their ranks would report."""

from typing import Any

import pytest

from jobs.database import queries
from jobs.database.records import Batch, MetricPoint
from jobs.database.session import Database
from jobs.lifecycle import claims
from jobs.results import lr_bounds
from jobs.submission import submit
from tests.attempts import claim
from tests.builders import lr_find_spec

STEPS = 80


def measured(database: Database, measure: str, steps: int = STEPS) -> dict[str, Any]:
    """The document of a sweep of which so many steps were made, over rates from 1e-5 to 10."""
    test = {"start_lr": 1e-5, "end_lr": 10, "steps": STEPS, "replicas": 1, "measure": measure}
    submit.submit(database, lr_find_spec(range_test=test))
    mine, points = claim(database), []
    for step in range(steps):
        lr = 1e-5 * 10 ** (6 * step / (STEPS - 1))
        left = 1 / (1 + (lr / 0.02) ** 0.8)  # of what there is to learn
        values = {"lr": lr, "val_accuracy": 0.9 - 0.8 * left, "val_loss": 2.3 * left}
        points += [MetricPoint(name, 0, step, value) for name, value in values.items()]
    claims.record(database, mine, Batch(points=points))
    with database.read() as session:
        job = queries.get_job(session, mine.job_id)
        job.resolved = {**job.resolved, "batch_norm": True}
        return lr_bounds.measure(session, job)


def test_accuracies_are_judged_as_errors_and_shown_as_accuracies(database: Database) -> None:
    found = measured(database, "val_accuracy")
    curve = found["curve"]
    assert curve["metric"] == "val_accuracy"
    for side in ("low", "high"):  # of one sweep there is no spread
        assert curve[side] == pytest.approx(curve["median"])
    assert 0.1 <= curve["median"][0] < 0.2
    assert curve["median"][-1] > 0.85
    assert "accuracy_peak" in {rule["method"] for rule in found["alternatives"]}


def test_a_sweep_that_its_training_loss_ended_has_diverged_there(database: Database) -> None:
    ended, whole = (measured(database, "val_loss", steps)["evidence"] for steps in (STEPS - 20, STEPS))
    last_finite = STEPS - 20 - 2
    assert ended["diverged_at"] == pytest.approx(1e-5 * 10 ** (6 * last_finite / (STEPS - 1)))
    assert whole["diverged_at"] is None


def test_batch_norm_that_lags_behind_is_warned_of(database: Database) -> None:
    warnings = measured(database, "val_loss")["warnings"]
    assert "lagging_statistics" in {warning["code"] for warning in warnings}
