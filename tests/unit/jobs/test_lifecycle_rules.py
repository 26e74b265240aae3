import pytest

from jobs.status import TERMINAL, TRANSITIONS, Status, sources_of


def test_terminal_statuses_never_change() -> None:
    assert {status for status in Status if not TRANSITIONS[status]} == TERMINAL
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
