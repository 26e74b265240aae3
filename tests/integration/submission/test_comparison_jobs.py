"""A comparison and the jobs that it starts: how they begin, end, are resumed and deleted, on both databases."""

import threading

import pytest

from jobs.database import queries
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.database.tables.jobs import Event, Job
from jobs.errors import NotResumableError
from jobs.lifecycle import claims, finish, parents, resume_and_delete
from jobs.status import TERMINAL, Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import LEASE_S, claim, job
from tests.builders import compare, lr_find_spec, one_cycle
from tests.comparisons import AUTO, FAST, SLOW, TWO, arm, children, document, submitted, succeed
from tests.integration.submission.test_submit_training import sweep_curve


def test_each_arm_is_trained_with_each_seed_under_equal_conditions(database: Database) -> None:
    parent = submitted(database, name="which", labels={"a": "b"})
    row = job(database, parent)
    assert (row.kind, row.slots, row.status) == ("compare", 0, Status.QUEUED)
    rows = children(database, parent)
    assert len(rows) == 6 * 2
    assert {each.kind for each in rows} == {"train"}
    assert len({each.fingerprint for each in rows}) == 1
    mine = [claim(database).job.spec.model_dump() for _ in rows]
    assert [(each["seed"], each["steps"]) for each in mine] == [
        (seed, steps) for seed in (0, 1) for steps in (80, 20, 20, 20, 20, 20)
    ]
    assert all(each["labels"] == {"a": "b"} and each["observe"]["evaluate_every"] == 1 for each in mine)
    assert claims.claim_next(database, worker="w", slots=8, free=8, lease_s=LEASE_S) is None


def test_an_arm_may_have_a_batch_of_its_own(database: Database) -> None:
    slow = compare()["arms"][1] | {"global_batch_size": 128, "world_size": 1}
    parent = submitted(database, arms=[compare()["arms"][0], slow], **TWO)
    assert {(each.spec["conditions"]["global_batch_size"], each.slots) for each in children(database, parent)} == {
        (64, 2), (128, 1),
    }  # fmt: skip


def test_one_range_test_finds_the_peak_of_every_arm_and_seed(database: Database) -> None:
    parent = submitted(database, arms=AUTO, range_test={"start_lr": 1e-5, "end_lr": 10, "steps": 40, "replicas": 1})
    test, *trainings = children(database, parent)
    assert test.kind == "lr_find"
    waiting = [each for each in trainings if each.waits_for == test.id]
    assert len(waiting) == 3 * 2  # 1cycle, linear and cosine, with two seeds
    assert [run["job_id"] for run in document(database, parent)["range_tests"]] == [test.id]
    mine = claim(database)
    assert mine.job_id == test.id
    claims.record(database, mine, sweep_curve())
    runnable = finish.succeed(database, mine, {})
    assert set(runnable) == {each.id for each in waiting}
    bounds = document(database, parent)["range_tests"][0]["bounds"]
    peaks = {each.resolved["max_lr"] for each in children(database, parent) if each.id in runnable}
    assert peaks == {bounds["max_lr"]}


def test_arms_of_other_batches_have_range_tests_of_their_own(database: Database) -> None:
    fast = AUTO[0]
    parent = submitted(database, arms=[fast, fast | {"name": "large", "global_batch_size": 128}], **TWO)
    kinds = [each.kind for each in children(database, parent)]
    assert kinds.count("lr_find") == 2
    assert len({each.waits_for for each in children(database, parent)} - {None}) == 2


def test_a_range_test_without_bounds_fails_its_arms_and_spoils_no_other(database: Database) -> None:
    parent = submitted(database, arms=AUTO, seeds=[0], **TWO)
    finish.fail(database, claim(database), Reason.INVALID_DATA, "the file is broken")
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
    finish.fail(database, claim(database), Reason.INVALID_DATA, "the file is broken")
    row = job(database, parent)
    assert (row.status, row.reason) == (Status.FAILED, Reason.CHILDREN_FAILED)
    assert row.error is not None
    assert "none of 2" in row.error["message"]


def test_a_comparison_waits_for_the_bounds_of_a_job_of_its_own_and_ends_with_that(database: Database) -> None:
    source = submit.submit(database, lr_find_spec()).job_id
    arms = [AUTO[0] | {"schedule": one_cycle({"from_job": source})}, AUTO[1]]
    parent = submitted(database, arms=[arms[0], arms[0] | {"name": "again"}], seeds=[0], **TWO)
    assert {each.waits_for for each in children(database, parent)} == {source}
    submit.cancel(database, source)
    assert job(database, parent).status == Status.FAILED
    assert {each.reason for each in children(database, parent)} == {Reason.PARENT_FAILED}


def test_a_cancel_ends_every_child_as_cancelled(database: Database) -> None:
    parent = submitted(database, arms=AUTO, seeds=[0])
    test = claim(database)
    submit.cancel(database, parent)
    assert job(database, parent).status == Status.CANCELLING
    rest = {each.reason for each in children(database, parent) if each.id != test.job_id}
    assert rest == {Reason.USER_CANCELLED}
    finish.cancelled(database, test)
    assert job(database, parent).status == Status.CANCELLED
    queued = submitted(database, arms=AUTO, seeds=[0])
    submit.cancel(database, queued)
    assert {each.status for each in [*children(database, queued), job(database, queued)]} == {Status.CANCELLED}


def test_a_cancelled_comparison_is_resumed_with_all_that_did_not_succeed(database: Database) -> None:
    parent = submitted(database, arms=AUTO, seeds=[0], **TWO)
    test, slow = claim(database), claim(database)
    succeed(database, slow, SLOW)
    submit.cancel(database, parent)
    finish.cancelled(database, test)
    runnable = resume_and_delete.resume(database, parent)
    assert runnable == [test.job_id]
    assert job(database, slow.job_id).status == Status.SUCCEEDED
    again = claim(database)
    assert again.job_id == test.job_id
    claims.record(database, again, sweep_curve())
    finish.succeed(database, again, {})
    succeed(database, claim(database), FAST)
    assert job(database, parent).status == Status.SUCCEEDED
    assert arm(document(database, parent), "fast")["update_ratio"]["median"] == 4


def test_a_comparison_is_deleted_with_all_that_it_started(database: Database) -> None:
    parent = submitted(database, arms=AUTO, seeds=[0])
    submit.cancel(database, parent)
    with database.write() as session:
        removed = resume_and_delete.remove_rows(session, parent)
    assert len(removed) == 1 + 6 + 1
    with database.read() as session:
        assert session.query(Job).count() == 0


def test_a_single_run_is_resumed_with_its_comparison_unless_that_succeeded(database: Database) -> None:
    lost = submitted(database, seeds=[0], **TWO)
    first, second = claim(database), claim(database)
    finish.fail(database, first, Reason.DIVERGED, "nan")
    finish.fail(database, second, Reason.DIVERGED, "nan")
    assert job(database, lost).status == Status.FAILED
    resume_and_delete.resume(database, first.job_id)
    assert (job(database, lost).status, job(database, first.job_id).status) == (Status.QUEUED, Status.QUEUED)
    succeed(database, claim(database), SLOW)
    assert job(database, lost).status == Status.SUCCEEDED
    with pytest.raises(NotResumableError, match="its compare job_"):
        resume_and_delete.resume(database, second.job_id)


def test_progress_is_the_sum_over_children_as_far_as_their_lengths_are_known(database: Database) -> None:
    def total(parent: str) -> int | None:
        with database.read() as session:
            return parents.sum_of_children(session, queries.get_job(session, parent)).total_steps

    assert total(submitted(database, **TWO)) == 2 * (20 + 80)
    epochs = [
        {"name": name, "schedule": {"name": "constant", "lr": lr}, "epochs": 2} for name, lr in (("a", 1), ("b", 2))
    ]
    parent = submitted(database, arms=[arm | {"schedule": {"name": "constant", "lr": 0.1}} for arm in epochs], **TWO)
    assert total(parent) is None
    for each in job(database, parent).resolved["arms"]:
        with database.write() as session:
            queries.get_job(session, each["runs"][0]["job_id"]).total_steps = 30
    assert total(parent) == 4 * 30


def test_endings_and_a_cancel_at_the_same_time_end_the_comparison_once(database: Database) -> None:
    for _ in range(4):
        parent = submitted(database, arms=AUTO, seeds=[0], **TWO)
        test, slow = claim(database), claim(database)
        claims.record(database, test, sweep_curve())
        start, errors = threading.Barrier(3), list[Exception]()

        def act(what: int, test: Claim = test, slow: Claim = slow, parent: str = parent) -> None:
            start.wait()  # noqa: B023 - joined below
            try:
                if what == 2:
                    submit.cancel(database, parent)
                else:
                    finish.succeed(database, (test, slow)[what], {"final": {}})
            except Exception as error:
                errors.append(error)  # noqa: B023

        threads = [threading.Thread(target=act, args=(what,)) for what in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        while (row := job(database, parent)).status not in TERMINAL:
            finish.give_back(database, claim(database), Outcome.HANDED_BACK, max_attempts=3)
            submit.cancel(database, parent)
            assert row.status in {Status.RUNNING, Status.CANCELLING}
        with database.read() as session:
            ends = [each.type for each in session.query(Event).filter_by(job_id=parent) if each.type in TERMINAL]
        assert len(ends) == 1
