"""Comparisons and their children, on SQLite and on PostgreSQL."""

import threading
from typing import Any

import pytest

from jobs import control, endings, lifecycle, parents, repository, service
from jobs.comparison import comparison
from jobs.db import Database
from jobs.errors import NoComparisonError, NotResumableError
from jobs.models import Event, Job
from jobs.rows import Batch, Claim, MetricPoint
from jobs.status import TERMINAL, Outcome, Reason, Status
from tests.builders import compare, compare_spec, lr_find_spec, one_cycle, train_spec
from tests.integration.test_lifecycle import LEASE_S, claim, job
from tests.integration.test_waiting import sweep_curve

AUTO = [
    {"name": "fast", "schedule": one_cycle("auto"), "steps": 20},
    {"name": "slow", "schedule": {"name": "constant", "lr": 0.05}, "steps": 80},
]
TWO: dict[str, Any] = {"equal_budget_arms": False}
FAST, SLOW = [0.2, 0.6, 0.7, 0.8], [0.1, 0.5, 0.6, 0.75]  # after each quarter of the steps


def submitted(database: Database, **changes: Any) -> str:
    return service.submit(database, compare_spec(**changes)).job_id


def children(database: Database, parent: str) -> list[Job]:
    with database.read() as session:
        return [repository.get_job(session, child) for child in repository.children_of(session, parent)]


def document(database: Database, parent: str) -> dict[str, Any]:
    with database.read() as session:
        return comparison(session, repository.get_job(session, parent))


def evaluated(database: Database, mine: Claim, accuracies: list[float], step_s: float = 0.1) -> None:
    """Report a whole training that was evaluated after each equal part of its steps."""
    steps = mine.spec["steps"]
    points = [MetricPoint("elapsed_s", 0, step, (step + 1) * step_s) for step in range(3, steps, 4)]
    for part, value in enumerate(accuracies, start=1):
        points.append(MetricPoint("val_accuracy", 0, part * steps // len(accuracies) - 1, value))
    lifecycle.record(database, mine, Batch(points=points, progress={"step": steps}))


def succeed(database: Database, mine: Claim, accuracies: list[float]) -> None:
    evaluated(database, mine, accuracies)
    endings.succeed(database, mine, {"final": {"val_accuracy": accuracies[-1], "val_loss": 1 - accuracies[-1]}})


def arm(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["arms"] if each["name"] == name)


def test_each_arm_is_trained_with_each_seed_under_equal_conditions(database: Database) -> None:
    parent = submitted(database, name="which", labels={"a": "b"})
    row = job(database, parent)
    assert (row.kind, row.slots, row.status) == ("compare", 0, Status.QUEUED)
    rows = children(database, parent)
    assert len(rows) == 6 * 2
    assert {each.kind for each in rows} == {"train"}
    assert len({each.fingerprint for each in rows}) == 1
    mine = [claim(database).spec for _ in rows]
    assert [(each["seed"], each["steps"]) for each in mine] == [
        (seed, steps) for seed in (0, 1) for steps in (80, 20, 20, 20, 20, 20)
    ]
    assert all(each["labels"] == {"a": "b"} and each["observe"]["evaluate_every"] == 1 for each in mine)
    assert lifecycle.claim_next(database, worker="w", slots=8, free=8, lease_s=LEASE_S) is None


def test_an_arm_may_have_a_batch_of_its_own(database: Database) -> None:
    slow = compare()["arms"][1] | {"global_batch_size": 128, "world_size": 1}
    parent = submitted(database, arms=[compare()["arms"][0], slow], **TWO)
    assert {(each.spec["conditions"]["global_batch_size"], each.slots) for each in children(database, parent)} == {
        (64, 2), (128, 1),
    }  # fmt: skip


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
        points = [
            MetricPoint("val_loss", 0, part * mine.spec["steps"] // 4 - 1, value)
            for part, value in enumerate(losses, start=1)
        ]
        lifecycle.record(database, mine, Batch(points=points))
        endings.succeed(database, mine, {"final": {"val_loss": losses[-1]}})
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


def test_one_range_test_finds_the_peak_of_every_arm_and_seed(database: Database) -> None:
    parent = submitted(database, arms=AUTO, range_test={"start_lr": 1e-5, "end_lr": 10, "steps": 40, "replicas": 1})
    test, *trainings = children(database, parent)
    assert test.kind == "lr_find"
    waiting = [each for each in trainings if each.waits_for == test.id]
    assert len(waiting) == 3 * 2  # 1cycle, linear and cosine, with two seeds
    assert [run["job_id"] for run in document(database, parent)["range_tests"]] == [test.id]
    mine = claim(database)
    assert mine.job_id == test.id
    lifecycle.record(database, mine, sweep_curve())
    rung = endings.succeed(database, mine, {})
    assert set(rung) == {each.id for each in waiting}
    bounds = document(database, parent)["range_tests"][0]["bounds"]
    peaks = {each.resolved["max_lr"] for each in children(database, parent) if each.id in rung}
    assert peaks == {bounds["max_lr"]}


def test_arms_of_other_batches_have_range_tests_of_their_own(database: Database) -> None:
    fast = AUTO[0]
    parent = submitted(database, arms=[fast, fast | {"name": "large", "global_batch_size": 128}], **TWO)
    kinds = [each.kind for each in children(database, parent)]
    assert kinds.count("lr_find") == 2
    assert len({each.waits_for for each in children(database, parent)} - {None}) == 2


def test_a_range_test_without_bounds_fails_its_arms_and_spoils_no_other(database: Database) -> None:
    parent = submitted(database, arms=AUTO, seeds=[0], **TWO)
    endings.fail(database, claim(database), Reason.INVALID_DATA, "the file is broken")
    assert job(database, parent).status == Status.RUNNING
    succeed(database, claim(database), SLOW)
    row = job(database, parent)
    assert row.status == Status.SUCCEEDED
    assert row.result is not None
    assert [each["reason"] for each in row.result["not_succeeded"]] == ["invalid_data", "parent_failed"]
    run = arm(document(database, parent), "fast")["runs"][0]
    assert (run["status"], run["is_reached"]) == ("failed", False)


def test_a_comparison_of_which_no_training_succeeded_has_failed(database: Database) -> None:
    parent = submitted(database, arms=[AUTO[0], AUTO[0] | {"name": "again"}], seeds=[0], **TWO)
    endings.fail(database, claim(database), Reason.INVALID_DATA, "the file is broken")
    row = job(database, parent)
    assert (row.status, row.reason) == (Status.FAILED, Reason.CHILDREN_FAILED)
    assert row.error is not None
    assert "none of 2" in row.error["message"]


def test_a_comparison_waits_for_the_bounds_of_a_job_of_its_own_and_ends_with_that(database: Database) -> None:
    source = service.submit(database, lr_find_spec()).job_id
    arms = [AUTO[0] | {"schedule": one_cycle({"from_job": source})}, AUTO[1]]
    parent = submitted(database, arms=[arms[0], arms[0] | {"name": "again"}], seeds=[0], **TWO)
    assert {each.waits_for for each in children(database, parent)} == {source}
    service.cancel(database, source)
    assert job(database, parent).status == Status.FAILED
    assert {each.reason for each in children(database, parent)} == {Reason.PARENT_FAILED}


def test_a_cancel_ends_every_child_as_cancelled(database: Database) -> None:
    parent = submitted(database, arms=AUTO, seeds=[0])
    test = claim(database)
    service.cancel(database, parent)
    assert job(database, parent).status == Status.CANCELLING
    rest = {each.reason for each in children(database, parent) if each.id != test.job_id}
    assert rest == {Reason.USER_CANCELLED}
    endings.cancelled(database, test)
    assert job(database, parent).status == Status.CANCELLED
    queued = submitted(database, arms=AUTO, seeds=[0])
    service.cancel(database, queued)
    assert {each.status for each in [*children(database, queued), job(database, queued)]} == {Status.CANCELLED}


def test_a_cancelled_comparison_is_resumed_with_all_that_did_not_succeed(database: Database) -> None:
    parent = submitted(database, arms=AUTO, seeds=[0], **TWO)
    test, slow = claim(database), claim(database)
    succeed(database, slow, SLOW)
    service.cancel(database, parent)
    endings.cancelled(database, test)
    rung = control.resume(database, parent)
    assert rung == [test.job_id]
    assert job(database, slow.job_id).status == Status.SUCCEEDED
    again = claim(database)
    assert again.job_id == test.job_id
    lifecycle.record(database, again, sweep_curve())
    endings.succeed(database, again, {})
    succeed(database, claim(database), FAST)
    assert job(database, parent).status == Status.SUCCEEDED
    assert arm(document(database, parent), "fast")["update_ratio"]["median"] == 4


def test_a_comparison_is_deleted_with_all_that_it_started(database: Database) -> None:
    parent = submitted(database, arms=AUTO, seeds=[0])
    service.cancel(database, parent)
    with database.write() as session:
        removed = control.remove_rows(session, parent)
    assert len(removed) == 1 + 6 + 1
    with database.read() as session:
        assert session.query(Job).count() == 0


def test_a_single_run_is_resumed_with_its_comparison_unless_that_succeeded(database: Database) -> None:
    lost = submitted(database, seeds=[0], **TWO)
    first, second = claim(database), claim(database)
    endings.fail(database, first, Reason.DIVERGED, "nan")
    endings.fail(database, second, Reason.DIVERGED, "nan")
    assert job(database, lost).status == Status.FAILED
    control.resume(database, first.job_id)
    assert (job(database, lost).status, job(database, first.job_id).status) == (Status.QUEUED, Status.QUEUED)
    succeed(database, claim(database), SLOW)
    assert job(database, lost).status == Status.SUCCEEDED
    with pytest.raises(NotResumableError, match="its compare job_"):
        control.resume(database, second.job_id)


def test_progress_is_the_sum_over_children_as_far_as_their_lengths_are_known(database: Database) -> None:
    def total(parent: str) -> int | None:
        with database.read() as session:
            return parents.sum_of_children(session, repository.get_job(session, parent)).total_steps

    assert total(submitted(database, **TWO)) == 2 * (20 + 80)
    epochs = [
        {"name": name, "schedule": {"name": "constant", "lr": lr}, "epochs": 2} for name, lr in (("a", 1), ("b", 2))
    ]
    parent = submitted(database, arms=[arm | {"schedule": {"name": "constant", "lr": 0.1}} for arm in epochs], **TWO)
    assert total(parent) is None
    for arm in job(database, parent).resolved["arms"]:
        with database.write() as session:
            repository.get_job(session, arm["runs"][0]["job_id"]).total_steps = 30
    assert total(parent) == 4 * 30


def test_endings_and_a_cancel_at_the_same_time_end_the_comparison_once(database: Database) -> None:
    for _ in range(4):
        parent = submitted(database, arms=AUTO, seeds=[0], **TWO)
        test, slow = claim(database), claim(database)
        lifecycle.record(database, test, sweep_curve())
        start, errors = threading.Barrier(3), list[Exception]()

        def act(what: int, test: Claim = test, slow: Claim = slow, parent: str = parent) -> None:
            start.wait()  # noqa: B023 - joined below
            try:
                if what == 2:
                    service.cancel(database, parent)
                else:
                    endings.succeed(database, (test, slow)[what], {"final": {}})
            except Exception as error:
                errors.append(error)  # noqa: B023

        threads = [threading.Thread(target=act, args=(what,)) for what in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        while (row := job(database, parent)).status not in TERMINAL:
            endings.give_back(database, claim(database), Outcome.HANDED_BACK, max_attempts=3)
            service.cancel(database, parent)
            assert row.status in {Status.RUNNING, Status.CANCELLING}
        with database.read() as session:
            ends = [each.type for each in session.query(Event).filter_by(job_id=parent) if each.type in TERMINAL]
        assert len(ends) == 1


def test_jobs_of_other_kinds_have_no_comparison(database: Database) -> None:
    mine = service.submit(database, train_spec()).job_id
    with pytest.raises(NoComparisonError, match="it is a train job"):
        document(database, mine)
