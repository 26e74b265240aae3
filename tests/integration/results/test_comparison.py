"""What a comparison says of its arms, on SQLite and on PostgreSQL."""

import pytest

from jobs.database.records import Batch, MetricPoint
from jobs.database.session import Database
from jobs.errors import NoComparisonError
from jobs.lifecycle import claims, finish
from jobs.status import Status
from jobs.submission import submit
from tests.attempts import claim, job
from tests.builders import compare, train_spec
from tests.comparisons import FAST, SLOW, TWO, arm, document, evaluated, steps_of, submitted, succeed


def test_a_run_is_measured_by_what_it_reaches_and_when(database: Database) -> None:
    parent = submitted(database, **TWO)
    for accuracies in (SLOW, FAST, SLOW, [0.1, 0.2, 0.3, 0.4]):
        assert job(database, parent).status in {Status.QUEUED, Status.RUNNING}
        succeed(database, claim(database), accuracies)
    assert job(database, parent).status == Status.SUCCEEDED
    found = document(database, parent)
    assert (found["is_final"], found["reference"]) == (True, "slow")
    assert found["target"] == {"metric": "val_accuracy", "value": None, "final_of": "slow"}
    fast, slow = arm(found, "fast"), arm(found, "slow")
    assert [run["target"] for run in fast["runs"]] == [0.75, 0.75]
    assert [run["steps_to_target"] for run in fast["runs"]] == [20, None]
    assert [run["is_reached"] for run in fast["runs"]] == [True, False]
    assert fast["runs"][0]["seconds_to_target"] == pytest.approx(20 * 0.1)
    assert (slow["steps_to_target"]["median"], slow["seconds_to_target"]["median"]) == (80, pytest.approx(8.0))
    assert fast["final"]["val_accuracy"] == {
        "median": pytest.approx(0.6),
        "low": 0.4,
        "high": 0.8,
        "runs": 2,
        "known": 2,
    }
    assert fast["update_ratio"] == {"median": None, "low": None, "high": 4.0, "runs": 2, "known": 1}
    assert slow["update_ratio"]["median"] == 1


def test_the_ratio_of_updates_is_the_median_over_seeds(database: Database) -> None:
    parent = submitted(database, seeds=[0, 1, 2], target={"value": 0.5}, **TWO)
    for fast in (FAST, [0.8, 0.8, 0.8, 0.8], [0.1, 0.1, 0.1, 0.1]):
        succeed(database, claim(database), SLOW)
        succeed(database, claim(database), fast)
    found = document(database, parent)
    assert arm(found, "fast")["update_ratio"] == {"median": 4, "low": None, "high": 16, "runs": 3, "known": 2}
    assert [run["steps_to_target"] for run in arm(found, "slow")["runs"]] == [40, 40, 40]
    assert [run["steps_to_target"] for run in arm(found, "fast")["runs"]] == [10, 5, None]


def test_a_comparison_shows_what_is_known_while_it_runs(database: Database) -> None:
    parent = submitted(database, **TWO)
    slow, fast = claim(database), claim(database)
    evaluated(database, fast, FAST)
    found = document(database, parent)
    assert not found["is_final"]
    run = arm(found, "fast")["runs"][0]
    assert (run["status"], run["latest"], run["final"], run["is_reached"]) == ("running", 0.8, {}, None)
    assert arm(found, "fast")["update_ratio"]["runs"] == 0
    succeed(database, slow, SLOW)
    run = arm(document(database, parent), "fast")["runs"][0]
    assert (run["status"], run["is_reached"], run["steps_to_target"]) == ("running", True, 20)


def test_a_loss_is_reached_from_above(database: Database) -> None:
    parent = submitted(database, seeds=[0], target={"metric": "val_loss", "final_of": "slow"}, **TWO)
    for losses in ([0.9, 0.5, 0.4, 0.3], [0.8, 0.2, 0.25, 0.3]):
        mine = claim(database)
        steps = steps_of(mine)
        points = [
            MetricPoint("val_loss", 0, part * steps // 4 - 1, value) for part, value in enumerate(losses, start=1)
        ]
        claims.record(database, mine, Batch(points=points))
        finish.succeed(database, mine, {"final": {"val_loss": losses[-1]}})
    found = document(database, parent)
    assert arm(found, "fast")["runs"][0]["steps_to_target"] == 10
    assert arm(found, "fast")["update_ratio"]["median"] == 8
    assert arm(found, "fast")["seconds_to_target"]["known"] == 0


def test_what_the_shortest_arm_has_more_than_its_equals_is_counted_seed_by_seed(database: Database) -> None:
    constant = {"name": "flat", "schedule": {"name": "constant", "lr": 0.1}, "steps": 20}
    parent = submitted(database, arms=[compare()["arms"][0], constant, compare()["arms"][1]], **TWO)
    for last in (0.9, 0.8, 0.7, 0.9, 0.6, 0.4):  # slow, fast and flat of each seed
        succeed(database, claim(database), [last])
    found = document(database, parent)["equal_budget"]
    assert found["arm"] == "fast"
    assert [each["arm"] for each in found["differences"]] == ["flat"]
    assert found["differences"][0]["difference"]["low"] == pytest.approx(0.1)
    assert found["differences"][0]["difference"]["high"] == pytest.approx(0.2)


def test_jobs_of_other_kinds_have_no_comparison(database: Database) -> None:
    mine = submit.submit(database, train_spec()).job_id
    with pytest.raises(NoComparisonError, match="it is a train job"):
        document(database, mine)
