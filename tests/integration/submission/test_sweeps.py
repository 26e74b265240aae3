"""Sweeps and their children, on SQLite and on PostgreSQL."""

import threading
from itertools import permutations

import pytest

from jobs.database import queries
from jobs.database.job_list import JobFilter, list_jobs
from jobs.database.records import Batch, Claim
from jobs.database.session import Database
from jobs.database.tables.jobs import Event
from jobs.errors import NoBoundsError, NoTableError
from jobs.lifecycle import claims, finish, parents
from jobs.results.sweep_table import table
from jobs.status import TERMINAL, Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import LEASE_S, claim, job
from tests.builders import conditions, lr_find_spec, one_cycle, sweep_spec, train_spec
from tests.integration.submission.test_submit_training import sweep_curve

CELLS = 3


def running_sweep(database: Database, **changes: object) -> tuple[str, list[Claim]]:
    parent = submit.submit(database, sweep_spec(**changes)).job_id
    return parent, [claim(database) for _ in range(CELLS)]


def end(database: Database, child: Claim, how: str) -> None:
    if how == "succeed":
        claims.record(database, child, sweep_curve())
        finish.succeed(database, child, {})
    elif how == "fail":
        finish.fail(database, child, Reason.INVALID_DATA, "the file is broken")
    else:
        submit.cancel(database, child.job_id)
        finish.cancelled(database, child)


def events_of_the_end(database: Database, job_id: str) -> list[str]:
    with database.read() as session:
        events = session.query(Event).filter_by(job_id=job_id).order_by(Event.seq)
        return [event.type for event in events if event.type in TERMINAL]


def test_a_sweep_makes_a_job_for_every_cell_and_is_claimed_by_nobody(database: Database) -> None:
    submitted = submit.submit(database, sweep_spec(name="decays", labels={"a": "b"}))
    parent = job(database, submitted.job_id)
    assert (parent.kind, parent.slots, parent.status) == ("sweep", 0, Status.QUEUED)
    with database.read() as session:
        children = queries.children_of(session, parent.id)
    assert {submitted.runnable_id, *submitted.more_runnable_ids} == set(children)
    mine = [claim(database) for _ in range(CELLS)]
    assert {each.job_id for each in mine} == set(children)
    assert [each.job.conditions.optimizer.weight_decay for each in mine] == [1e-3, 1e-4, 1e-5]
    assert all(each.job.spec.labels == {"a": "b"} for each in mine)
    assert len({job(database, each.job_id).fingerprint for each in mine}) == CELLS
    assert claims.claim_next(database, worker="w", slots=8, free=8, lease_s=LEASE_S) is None


def test_a_sweep_runs_with_its_first_child_and_stays_so_when_that_one_is_queued_again(database: Database) -> None:
    parent = submit.submit(database, sweep_spec()).job_id
    first = claim(database)
    assert job(database, parent).status == Status.RUNNING
    finish.give_back(database, first, Outcome.WORKER_LOST, max_attempts=3)
    assert job(database, parent).status == Status.RUNNING


@pytest.mark.parametrize("order", list(permutations(range(CELLS)))[::2])
def test_a_sweep_ends_once_with_its_last_child_whatever_the_order(database: Database, order: tuple[int, ...]) -> None:
    parent, children = running_sweep(database)
    for count, index in enumerate(order):
        assert job(database, parent).status == Status.RUNNING
        end(database, children[index], ("succeed", "fail", "cancel")[count])
    row = job(database, parent)
    assert (row.status, row.reason) == (Status.SUCCEEDED, None)
    assert row.result is not None
    assert row.result["succeeded"] == 1
    lost = {each["job_id"]: each["reason"] for each in row.result["not_succeeded"]}
    assert lost == {children[order[1]].job_id: "invalid_data", children[order[2]].job_id: "user_cancelled"}
    assert events_of_the_end(database, parent) == ["succeeded"]


def test_a_sweep_of_which_nothing_succeeded_has_failed(database: Database) -> None:
    parent, children = running_sweep(database)
    for child, how in zip(children, ("fail", "cancel", "fail"), strict=True):
        end(database, child, how)
    row = job(database, parent)
    assert (row.status, row.reason) == (Status.FAILED, Reason.CHILDREN_FAILED)
    assert row.error is not None
    assert "none of 3" in row.error["message"]
    assert "the file is broken" in row.error["message"]


@pytest.mark.parametrize("how", ["succeed", "fail"])
def test_children_that_end_at_the_same_time_end_their_parent_once(database: Database, how: str) -> None:
    for _ in range(5):
        parent, children = running_sweep(database)
        start = threading.Barrier(CELLS)
        errors: list[Exception] = []

        def finish(child: Claim, start: threading.Barrier = start, errors: list[Exception] = errors) -> None:
            start.wait()
            try:
                end(database, child, how)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=finish, args=(child,)) for child in children]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert events_of_the_end(database, parent) == ["succeeded" if how == "succeed" else "failed"]


def test_endings_and_a_cancel_at_the_same_time_end_the_sweep_once(database: Database) -> None:
    for _ in range(5):
        parent, children = running_sweep(database)
        start = threading.Barrier(CELLS + 1)
        errors: list[Exception] = []

        def act(child: Claim | None, parent: str = parent, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                if child is None:
                    submit.cancel(database, parent)
                else:
                    end(database, child, "fail")
            except Exception as error:
                errors.append(error)  # noqa: B023 - joined within the loop

        threads = [threading.Thread(target=act, args=(child,)) for child in (*children, None)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(events_of_the_end(database, parent)) == 1


def test_cancelling_a_queued_sweep_cancels_all_of_it_at_once(database: Database) -> None:
    parent = submit.submit(database, sweep_spec()).job_id
    submit.cancel(database, parent)
    submit.cancel(database, parent)
    with database.read() as session:
        ids = [parent, *queries.children_of(session, parent)]
    for job_id in ids:
        row = job(database, job_id)
        assert (row.status, row.reason) == (Status.CANCELLED, Reason.USER_CANCELLED)
        assert events_of_the_end(database, job_id) == ["cancelled"]


def test_cancelling_a_running_sweep_waits_for_the_ranks_of_its_children(database: Database) -> None:
    parent = submit.submit(database, sweep_spec()).job_id
    done, running = claim(database), claim(database)
    end(database, done, "succeed")
    submit.cancel(database, parent)
    assert job(database, parent).status == Status.CANCELLING
    assert job(database, running.job_id).status == Status.CANCELLING
    finish.cancelled(database, running)
    row = job(database, parent)
    assert (row.status, row.reason) == (Status.CANCELLED, Reason.USER_CANCELLED)
    assert row.result is not None
    assert row.result["succeeded"] == 1
    assert claims.claim_next(database, worker="w", slots=2, free=2, lease_s=LEASE_S) is None


def test_a_repeated_post_makes_no_second_grid(database: Database) -> None:
    first = submit.submit(database, sweep_spec(), key="k", body=b"x")
    again = submit.submit(database, sweep_spec(), key="k", body=b"x")
    assert (again.job_id, again.is_new, again.more_runnable_ids) == (first.job_id, False, ())
    with database.read() as session:
        assert len(list_jobs(session, JobFilter(), limit=50)) == CELLS + 1


def test_the_progress_of_a_sweep_is_that_of_its_children(database: Database) -> None:
    parent, children = running_sweep(database)
    claims.record(database, children[0], Batch(progress={"step": 30, "total_steps": 40}))
    end(database, children[0], "fail")
    claims.record(database, children[1], Batch(progress={"step": 10, "total_steps": 40}))
    with database.read() as session:
        sums = parents.sum_of_children(session, queries.get_job(session, parent))
    assert (sums.step, sums.total_steps) == (40, 30 + 40 + 40)


def test_a_sweep_is_no_source_of_bounds_and_a_range_test_has_no_table(database: Database) -> None:
    parent = submit.submit(database, sweep_spec()).job_id
    with pytest.raises(NoBoundsError, match="only lr_find"):
        submit.submit(database, train_spec(schedule=one_cycle({"from_job": parent}), conditions=None))
    single = submit.submit(database, lr_find_spec(conditions=conditions())).job_id
    with database.read() as session, pytest.raises(NoTableError):
        table(session, queries.get_job(session, single))
