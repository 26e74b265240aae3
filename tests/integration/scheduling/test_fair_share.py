"""Whose turn it is: submitters share the slots, on SQLite and on PostgreSQL."""

from jobs.database.records import Claim
from jobs.database.row_filter import RowFilter
from jobs.database.session import Database
from jobs.lifecycle import claims, finish
from jobs.submission import submit as service
from tests.builders import train_spec


def submit(database: Database, owner: str, **changes: object) -> str:
    return service.submit(database.seen_by(RowFilter(owner, sees_all=False)), train_spec(**changes)).job_id


def claim(database: Database, *, slots: int = 2, max_running: int | None = None) -> Claim | None:
    return claims.claim_next(database, worker="w", slots=slots, free=slots, lease_s=30, max_running=max_running)


def run(database: Database) -> str:
    """Run the next job to its end."""
    found = claim(database)
    assert found is not None
    finish.succeed(database, found, {})
    return found.job_id


def test_submitters_take_turns_however_many_jobs_one_of_them_has(database: Database) -> None:
    many = [submit(database, "ada") for _ in range(4)]
    few = [submit(database, "bob") for _ in range(2)]
    assert [run(database) for _ in range(6)] == [many[0], few[0], many[1], few[1], many[2], many[3]]


def test_whoever_holds_fewer_slots_comes_first(database: Database) -> None:
    first = submit(database, "ada")
    found = claim(database)
    assert found is not None
    assert found.job_id == first
    submit(database, "ada", priority=100)
    theirs = submit(database, "bob")
    assert run(database) == theirs, "ada's first job still runs"
    again = submit(database, "bob")
    assert run(database) == again, "although bob was served last"


def test_a_high_priority_helps_among_the_jobs_of_its_submitter_alone(database: Database) -> None:
    low, high = submit(database, "ada"), submit(database, "ada", priority=50)
    other = submit(database, "bob")
    assert [run(database) for _ in range(3)] == [high, other, low]


def test_a_submitter_at_the_limit_of_running_jobs_waits_and_others_do_not(database: Database) -> None:
    submit(database, "ada")
    second = submit(database, "ada")
    first = claim(database, max_running=1)
    assert first is not None
    assert claim(database, max_running=1) is None
    theirs = submit(database, "bob")
    found = claim(database, max_running=1)
    assert found is not None
    assert found.job_id == theirs
    finish.succeed(database, first, {})
    found = claim(database, max_running=1)
    assert found is not None
    assert found.job_id == second


def test_jobs_of_nobody_are_one_submitters(database: Database) -> None:
    ids = [service.submit(database, train_spec()).job_id for _ in range(3)]
    assert [run(database) for _ in ids] == ids
