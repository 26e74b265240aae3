import pytest

from jobs.status import RESUMABLE, TERMINAL, TRANSITIONS, Status, sources_of


def test_a_terminal_status_is_left_for_the_queue_only_and_success_never() -> None:
    assert TRANSITIONS[Status.SUCCEEDED] == frozenset()
    assert {status for status in TERMINAL if TRANSITIONS[status]} == RESUMABLE
    assert all(TRANSITIONS[status] == {Status.QUEUED} for status in RESUMABLE)
    assert all(status.is_terminal == (status in TERMINAL) for status in Status)


@pytest.mark.parametrize("status", Status)
def test_every_status_can_reach_an_end(status: Status) -> None:
    reached, frontier = {status}, [status]
    while frontier:
        for target in TRANSITIONS[frontier.pop()] - reached:
            reached.add(target)
            frontier.append(target)
    assert reached & TERMINAL


def test_a_job_runs_from_the_queue_only() -> None:
    assert sources_of(Status.RUNNING) == [Status.QUEUED]
