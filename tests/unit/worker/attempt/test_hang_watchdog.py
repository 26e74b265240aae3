"""When ranks are taken for hung: silence that is counted by a clock of the test's own."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from jobs.database.records import Batch, Claim
from tests.builders import conditions, training_job
from worker.attempt.hang_watchdog import STEPS, HangWatchdog
from worker.attempt.rank_groups import Group
from worker.rundir.activity import END, FILE, LONG, collective_timeout_s

FLOOR_S = 2.0
LOOK_S = 0.25


class Agent:
    pid = 2**22 + 1  # larger than any process id

    def __init__(self) -> None:
        self.alive = True

    def is_alive(self) -> bool:
        return self.alive


@dataclass
class Attempt:
    """Groups of ranks that tell what the test says, and the watchdog that looks at them."""

    folder: Path
    asked: dict[str, Any] = field(default_factory=dict)
    now: float = 100.0
    count: int = 0
    batches: list[Batch] = field(default_factory=list)
    sql_fails: bool = False

    def __post_init__(self) -> None:
        claim = Claim("job_1", 3, 2, training_job(conditions=conditions(**self.asked)))
        self.watchdog = HangWatchdog(claim, FLOOR_S, self.record, lambda: self.now)
        self.groups = [Group(Agent(), (0, 1), self.folder)]  # type: ignore[arg-type]

    def record(self, batch: Batch) -> None:
        if self.sql_fails:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        self.batches.append(batch)

    def tell(self, phase: str, step_s: float = 0.01, folder: Path | None = None) -> None:
        self.count += 1
        ((folder or self.folder) / FILE).write_text(f"{self.count} {step_s} {phase}")

    def wait(self, seconds: float) -> float | None:
        """Look often; after how many seconds the ranks are to end."""
        begun = self.now
        while self.now - begun < seconds:
            self.now += LOOK_S
            if self.watchdog.must_end(self.groups, 41):
                return self.now - begun
        return None

    @property
    def alarms(self) -> list[dict[str, Any]]:
        return [alarm for batch in self.batches for alarm in batch.alarms]


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    return Attempt(tmp_path)


def test_silence_raises_an_alarm_then_ends_the_ranks_and_says_what_was_seen(attempt: Attempt) -> None:
    attempt.tell("step")
    assert attempt.wait(FLOOR_S) is None
    assert attempt.alarms == []
    assert attempt.wait(FLOOR_S / 2) is None
    (alarm,) = attempt.alarms
    assert (alarm["code"], alarm["step"], alarm["evidence"]["allowed_s"]) == ("ranks_hang", 40, FLOOR_S)
    assert attempt.wait(60) == pytest.approx(FLOOR_S * END - 1.5 * FLOOR_S, abs=2 * LOOK_S)
    assert len(attempt.alarms) == 1
    failure = json.loads((attempt.folder / "failure-watchdog.json").read_text())
    assert failure["reason"] == "worker_lost"
    assert "no sign of life of the ranks for 4." in failure["message"]
    ((kind, data),) = attempt.batches[-1].notes
    assert (kind, data["attempt"], data["message"]) == ("ranks_killed", 3, failure["message"])


@pytest.mark.parametrize("phase", ["start", "first_steps", "evaluation", "checkpoint", "ending"])
def test_what_has_no_usual_length_is_given_longer(attempt: Attempt, phase: str) -> None:
    attempt.tell(phase)
    assert attempt.wait(FLOOR_S * LONG) is None
    assert attempt.alarms == []
    assert attempt.wait(FLOOR_S * LONG * END) is not None


def test_ranks_that_never_said_anything_are_given_as_long_as_a_start(attempt: Attempt) -> None:
    assert attempt.wait(FLOOR_S * LONG) is None
    assert attempt.wait(FLOOR_S * LONG * END) is not None


def test_compiled_steps_are_given_longer_throughout(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, {"compile": True})
    attempt.tell("step")
    assert attempt.wait(FLOOR_S * LONG) is None
    assert attempt.alarms == []


def test_slow_steps_are_given_a_multiple_of_their_usual_length_and_one_outlier_moves_nothing(attempt: Attempt) -> None:
    for step_s in (3.0, 3.0, 900.0, 3.0, 3.0):
        attempt.tell("step", step_s)
        assert attempt.wait(4.0) is None
    assert attempt.wait(STEPS * 3.0 - 5) is None
    assert attempt.alarms == []
    assert attempt.wait(STEPS * 3.0 * END) is not None


def test_the_sleep_of_the_worker_itself_is_no_silence(attempt: Attempt) -> None:
    attempt.tell("step")
    attempt.wait(1)
    attempt.now += 3600  # stopped, and continued, with its ranks
    assert attempt.wait(LOOK_S) is None
    assert attempt.alarms == []
    attempt.tell("step")
    assert attempt.wait(FLOOR_S) is None


def test_one_silent_group_of_several_ends_the_attempt_and_one_that_has_ended_does_not(attempt: Attempt) -> None:
    further = attempt.folder / "group-1"
    further.mkdir()
    attempt.groups.append(Group(Agent(), (2, 3), further))  # type: ignore[arg-type]
    attempt.tell("done", folder=further)
    attempt.groups[1].ranks.alive = False  # type: ignore[attr-defined]
    for _ in range(20):
        attempt.tell("step")
        assert attempt.wait(1) is None
    attempt.groups[1].ranks.alive = True  # type: ignore[attr-defined]
    ended = False
    for _ in range(20):
        attempt.tell("step")
        ended = ended or attempt.wait(1) is not None
    assert ended
    assert (further / "failure-watchdog.json").exists()


def test_an_alarm_that_sql_did_not_take_is_written_later_and_the_ranks_end_all_the_same(attempt: Attempt) -> None:
    attempt.tell("step")
    attempt.sql_fails = True
    attempt.wait(FLOOR_S * 1.3)
    attempt.sql_fails = False
    attempt.wait(LOOK_S)
    assert len(attempt.alarms) == 1
    attempt.sql_fails = True
    assert attempt.wait(60) is not None


def test_ranks_may_wait_for_each_other_as_long_as_the_watchdog_waits_for_them() -> None:
    assert collective_timeout_s(60.0) == 60.0 * LONG * END
    assert collective_timeout_s(1.0) == 600.0
