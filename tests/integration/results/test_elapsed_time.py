"""Curves over elapsed time."""

import math

import pytest

from jobs.curves import elapsed_time
from jobs.curves.documents import CurveSelection, curves
from jobs.curves.series import Source
from jobs.database import queries
from jobs.database.session import Database
from jobs.errors import NoTimesError
from tests.integration.results.test_rollups import claimed, document, write


def test_over_time_a_step_lies_at_the_seconds_it_was_done_after(database: Database) -> None:
    claim = claimed(database)
    losses = {step: 1.0 / (step + 1) for step in range(1000)}
    write(database, claim, losses)
    with pytest.raises(NoTimesError):
        document(database, claim.job_id, CurveSelection(x="time"))
    # Two steps a second, and from step 500 on, after a slow one, ten.
    clock = {step: (step + 1) / 2 if step < 500 else 300 + (step - 499) / 10 for step in (0, *range(9, 1000, 10))}
    write(database, claim, {step: clock[step] for step in clock}, metric=elapsed_time.METRIC)
    whole = document(database, claim.job_id, CurveSelection(x="time"))
    at = dict(zip(losses, whole["x"], strict=True))  # type: ignore[call-overload]
    assert [at[step] for step in (0, 3, 9, 14, 499)] == pytest.approx([0.5, 2.0, 5.0, 7.5, 250.0])
    assert at[999] == pytest.approx(350.0)
    assert whole["x"] == sorted(at.values())
    part = document(database, claim.job_id, CurveSelection(x="time", start_step=12, end_step=17))
    assert part["x"] == pytest.approx([at[step] for step in range(12, 18)])
    with database.read() as session:
        job = queries.get_job(session, claim.job_id)
        shown = {series["metric"] for series in curves(session, job, [], CurveSelection())["series"]}
        asked = {series["metric"] for series in curves(session, job, [elapsed_time.METRIC], CurveSelection())["series"]}
        earlier = [elapsed_time.before(Source(session, job.id, "", 0), step) for step in (0, 5, 10, 500)]
    assert (shown, asked) == ({"train_loss"}, {elapsed_time.METRIC})
    assert earlier == pytest.approx([0.0, 0.5, 5.0, 250.0])


def test_a_long_curve_over_time_is_read_from_roll_ups_and_its_times_rise(database: Database) -> None:
    claim = claimed(database)
    write(database, claim, {step: math.sin(step) for step in range(40_000)})
    write(database, claim, {step: step / 100 for step in range(0, 40_000, 7)}, metric=elapsed_time.METRIC)
    found = document(database, claim.job_id, CurveSelection(x="time", max_points=500))
    steps = document(database, claim.job_id, CurveSelection(max_points=500))["x"]
    assert found["x"] == pytest.approx([step / 100 for step in steps], abs=0.15)  # type: ignore[attr-defined]
