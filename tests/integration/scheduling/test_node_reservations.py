"""Seats in SQL: all of a job's or none, one job at a time, on SQLite and PostgreSQL."""

import time
from typing import Any

import pytest

from jobs.database import queries
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.database.tables.jobs import Event
from jobs.errors import StaleAttemptError
from jobs.lifecycle import claim_nodes, claims, finish, recovery
from jobs.lifecycle.claim_nodes import AssemblyLimits, WorkerCapacity
from jobs.scheduling import node_reservations, workers
from jobs.scheduling.node_reservations import NodeReservation
from jobs.scheduling.workers import WorkerInfo
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit as service
from tests.builders import conditions, train_spec

LIMITS = AssemblyLimits(gather_s=30.0, lease_s=30.0)
NOW_OR_NEVER = AssemblyLimits(gather_s=1e-4, lease_s=30.0)
PORT = 4711


def submit(database: Database, **changes: Any) -> str:
    spec = train_spec(conditions=conditions(**{"world_size": 4, "nodes": 2, **changes}))
    return service.submit(database, spec).job_id


def reserve(database: Database, worker: str, limits: AssemblyLimits = LIMITS, free: int = 2) -> NodeReservation | None:
    return claim_nodes.reserve(database, WorkerCapacity(worker, "10.0.0.1", 2, free), limits)


def attend(database: Database, reservation: NodeReservation | None, limits: AssemblyLimits = LIMITS) -> Claim | bool:
    assert reservation is not None
    return claim_nodes.attend(database, reservation, limits, port=PORT)


def begin(database: Database) -> tuple[Claim, Claim]:
    """Both nodes of the job at the head of the queue, begun."""
    reservations = [reserve(database, name) for name in ("a", "b")]
    found = [attend(database, reservation) for reservation in reservations]
    leads, follows = found
    assert isinstance(leads, Claim)
    assert isinstance(follows, Claim)
    return leads, follows


def status_of(database: Database, job_id: str) -> tuple[str, str | None]:
    with database.read() as session:
        job = queries.get_job(session, job_id)
        return job.status, job.reason


def test_a_job_begins_when_all_of_its_seats_are_held_and_not_before(database: Database) -> None:
    job_id = submit(database)
    first = reserve(database, "a")
    assert attend(database, first) is True
    assert status_of(database, job_id) == (Status.QUEUED, None)
    second = reserve(database, "b")
    assert attend(database, second) is True  # the first leads
    leads, follows = attend(database, first), attend(database, second)
    assert isinstance(leads, Claim)
    assert isinstance(follows, Claim)
    assert leads.node is not None
    assert follows.node is not None
    assert (leads.node.number, follows.node.number, leads.attempt, follows.attempt) == (0, 1, 1, 1)
    assert leads.node.meeting == follows.node.meeting == ("10.0.0.1", PORT)
    assert status_of(database, job_id) == (Status.RUNNING, None)


def test_a_worker_has_one_seat_of_a_job(database: Database) -> None:
    submit(database)
    assert reserve(database, "a") is not None
    assert reserve(database, "a") is None


def test_a_running_job_stands_at_each_of_its_workers(database: Database) -> None:
    job_id = submit(database)
    begin(database)
    with database.read() as session:
        assert {worker: [job.id for job in jobs] for worker, jobs in workers.jobs_of(session).items()} == {
            "a": [job_id], "b": [job_id],
        }  # fmt: skip


def test_a_seat_needs_a_nodes_share_of_the_slots_to_be_free(database: Database) -> None:
    submit(database)
    assert reserve(database, "a", free=1) is None
    assert reserve(database, "a", free=2) is not None


def test_while_one_job_gathers_another_takes_no_seats_so_two_cannot_wait_for_each_other(database: Database) -> None:
    one, other = submit(database), submit(database)
    reservation = reserve(database, "a")
    assert reservation is not None
    assert reservation.job_id == one
    assert reserve(database, "a") is None  # not of the other job either
    second = reserve(database, "b")
    assert second is not None
    assert second.job_id == one
    assert isinstance(attend(database, reservation), Claim)
    third = reserve(database, "c")
    assert third is not None
    assert third.job_id == other


def test_a_job_that_cannot_gather_in_time_gives_up_all_seats_and_lets_others_go_first(database: Database) -> None:
    one, other = submit(database), submit(database)
    reservation = reserve(database, "a", NOW_OR_NEVER)
    time.sleep(0.05)
    assert attend(database, reservation, AssemblyLimits(gather_s=30.0, lease_s=30.0)) is False
    with database.read() as session:
        assert node_reservations.of_job(session, one) == []
        event = queries.events_of(session, one)[-1]
        assert (event.type, event.data) == ("not_gathered", {"seats": 1, "nodes": 2, "pause_s": 30.0})
    second = reserve(database, "a")
    assert second is not None
    assert second.job_id == other


def test_the_pause_after_gathering_in_vain_grows(database: Database) -> None:
    job_id = submit(database)
    with database.write() as session:
        session.add(Event(job_id=job_id, at=0.0, type=node_reservations.NOT_GATHERED, data={}))
    reservation = reserve(database, "a", NOW_OR_NEVER)
    time.sleep(0.05)
    assert attend(database, reservation) is False
    with database.read() as session:
        assert queries.events_of(session, job_id)[-1].data["pause_s"] == 60.0


def test_a_gathering_whose_workers_all_died_does_not_stand_in_the_way(database: Database) -> None:
    one, other = submit(database), submit(database)
    assert reserve(database, "a", NOW_OR_NEVER) is not None
    time.sleep(0.05)
    assert reserve(database, "b") is None  # clears it
    second = reserve(database, "b")
    assert second is not None
    assert second.job_id == other
    assert status_of(database, one) == (Status.QUEUED, None)


def test_a_dead_workers_seat_goes_to_another(database: Database) -> None:
    submit(database)
    assert reserve(database, "a", AssemblyLimits(gather_s=30.0, lease_s=1e-4)) is not None
    time.sleep(0.05)
    reservation = reserve(database, "b")
    assert reservation is not None
    assert reservation.node == 0


def test_a_cancelled_job_sends_its_seats_home(database: Database) -> None:
    job_id = submit(database)
    reservation = reserve(database, "a")
    service.cancel(database, job_id)
    assert attend(database, reservation) is False
    assert reserve(database, "a") is None


def test_a_worker_that_stops_gives_its_seat_up(database: Database) -> None:
    submit(database)
    reservation = reserve(database, "a")
    assert reservation is not None
    node_reservations.give_up(database, reservation)
    again = reserve(database, "a")
    assert again is not None
    assert again.node == 0


def test_jobs_of_several_nodes_are_nothing_for_a_worker_without_an_address(database: Database) -> None:
    submit(database)
    alone = service.submit(database, train_spec()).job_id
    claim = claims.claim_next(database, worker="w", slots=4, free=4, lease_s=30)
    assert claim is not None
    assert claim.job_id == alone


def test_one_at_the_head_is_not_overtaken_by_a_smaller_job(database: Database) -> None:
    submit(database)
    service.submit(database, train_spec())
    assert claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30, takes_seats=True) is None


def test_a_nodes_seat_ends_with_the_attempt(database: Database) -> None:
    submit(database)
    leads, follows = begin(database)
    node_reservations.renew(database, follows, lease_s=30)
    finish.give_back(database, leads, Outcome.WORKER_LOST, max_attempts=3)
    with pytest.raises(StaleAttemptError):
        node_reservations.renew(database, follows, lease_s=30)
    begin(database)
    with pytest.raises(StaleAttemptError):  # though worker and node are the same again
        node_reservations.renew(database, follows, lease_s=30)


def test_node_0_hears_of_a_node_that_is_lost_fails_or_is_to_stop(database: Database) -> None:
    submit(database)
    leads, follows = begin(database)
    signals = claims.renew(database, leads, lease_s=30)
    assert (signals.torn, signals.leaving) == (False, False)
    node_reservations.leave(database, follows)
    assert claims.renew(database, leads, lease_s=30).leaving
    node_reservations.renew(database, follows, lease_s=-1)
    assert claims.renew(database, leads, lease_s=30).torn
    with database.read() as session:
        (lost,), all_ended = node_reservations.failures_of_others(session, leads)
    assert (lost["reason"], all_ended) == (Reason.WORKER_LOST, True)
    node_reservations.report(database, follows, [])
    assert not claims.renew(database, leads, lease_s=30).torn
    node_reservations.report(database, follows, [{"reason": "out_of_memory", "message": "…", "rank_of_cause": 0}])
    assert claims.renew(database, leads, lease_s=30).torn


def test_a_lost_seat_cannot_be_taken_up_again(database: Database) -> None:
    submit(database)
    _, follows = begin(database)
    node_reservations.renew(database, follows, lease_s=-1)
    with pytest.raises(StaleAttemptError):
        node_reservations.renew(database, follows, lease_s=30)


def live(database: Database, name: str, slots: int = 2, **more: Any) -> None:
    workers.beat(database, WorkerInfo(name, "h", 1, slots, "cpu", **more), ttl_s=30)


def test_a_job_waits_with_a_reason_until_enough_workers_share_a_store(database: Database) -> None:
    job_id = submit(database)

    def reason() -> str | None:
        recovery.recover_jobs(database, max_attempts=3)
        return status_of(database, job_id)[1]

    live(database, "alone", slots=8)
    live(database, "a", address="10.0.0.1", store="s")
    assert reason() == Reason.NO_MATCHING_WORKER
    assert reserve(database, "a") is None
    live(database, "b", address="10.0.0.2", store="another")
    assert reason() == Reason.NO_MATCHING_WORKER
    live(database, "c", slots=1, address="10.0.0.3", store="s")
    assert reason() == Reason.NO_MATCHING_WORKER
    live(database, "b", address="10.0.0.2", store="s")
    assert reason() is None
    assert reserve(database, "a") is not None
