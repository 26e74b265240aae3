"""Detects ranks that hang: first it raises an alarm, then it ends the attempt as lost, to be resumed. See ADR 0026."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import psutil

from jobs.database.availability import PASSING
from jobs.database.records import Batch, Claim
from jobs.status import Reason
from worker.attempt.rank_groups import Group
from worker.launch import processes
from worker.rundir.activity import END, LONG, ActivityRecord
from worker.rundir.failures import write_failure

CODE: Final = "ranks_hang"
STEPS: Final = 20.0  # times a usual step
RECENT: Final = 15  # steps whose median is usual
BRIEF: Final = frozenset({"step", "done"})  # phases that are told of at every step, or that have nothing left to do
LOOK_S: Final = 0.1
LONGEST_COUNTED_S: Final = 1.0

_ADVICE: Final = (
    "A rank waits for something: look at the states of its processes (ps: T is stopped, D waits for a disk, a mount or "
    "a driver) and at the job's log. If the job is only that slow, raise CLR_HANG_FLOOR_S of its worker."
)
_STATES: Final = {
    psutil.STATUS_STOPPED: "stopped",
    psutil.STATUS_TRACING_STOP: "stopped by a debugger",
    psutil.STATUS_DISK_SLEEP: "waiting for a disk, a mount or a driver",
}


@dataclass(slots=True)
class _Heard:
    """What was heard of a group of ranks."""

    told: ActivityRecord | None = None
    silent_s: float = 0.0
    steps: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    @property
    def phase(self) -> str:
        return "start" if self.told is None else self.told.phase

    def listen(self, folder: Path, elapsed_s: float) -> None:
        """Look at the group's file after some time that counts."""
        told = ActivityRecord.read(folder)
        if told is None or told == self.told:
            self.silent_s += elapsed_s
            return
        self.told, self.silent_s = told, 0.0
        if told.phase == "step":
            self.steps.append(told.step_s)


class HangWatchdog:
    """Watches the groups of ranks of one attempt.

    The time between two looks counts up to a second, whatever it was: a worker that was itself stopped, or waited for
    SQL, does not take its own sleep for silence of the ranks.

    Args:
        claim: Whose ranks they are.
        floor_s: Silence that never raises an alarm.
        record: Writes an alarm, then the event that the ranks are ended.
        clock: Seconds that only grow.
    """

    def __init__(
        self, claim: Claim, floor_s: float, record: Callable[[Batch], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._claim, self._floor_s, self._record, self._clock = claim, floor_s, record, clock
        self._compiles = claim.job.conditions.compile
        self._heard: dict[Path, _Heard] = {}
        self._looked = clock()
        self._has_alarmed = False

    def must_end(self, groups: Iterable[Group], done: int) -> bool:
        """Look at all groups; call often.

        Args:
            groups: Those that run.
            done: Finished steps, as far as they are known.

        Returns:
            Whether a group hangs, so that all are to be killed; why, stands in its folder by then.
        """
        now = self._clock()
        if now - self._looked < LOOK_S:
            return False
        elapsed_s, self._looked = min(now - self._looked, LONGEST_COUNTED_S), now
        for group in groups:
            heard = self._heard.setdefault(group.folder, _Heard())
            if not group.ranks.is_alive():
                continue
            heard.listen(group.folder, elapsed_s)
            allowed_s = self._allowed_s(heard)
            if heard.silent_s > allowed_s and not self._has_alarmed:
                self._alarm(group, heard, done)
            if heard.silent_s > END * allowed_s:
                self._end(group, heard)
                return True
        return False

    def _allowed_s(self, heard: _Heard) -> float:
        usual_s = max(self._floor_s, STEPS * median(heard.steps) if heard.steps else 0.0)
        return usual_s if heard.phase in BRIEF and not self._compiles else LONG * usual_s

    def _alarm(self, group: Group, heard: _Heard, done: int) -> None:
        alarm = {
            "code": CODE, "step": max(done - 1, 0), "message": self._message(group, heard), "advice": _ADVICE,
            "evidence": {"silent_s": heard.silent_s, "allowed_s": self._allowed_s(heard)},
        }  # fmt: skip
        self._has_alarmed = self._write(Batch(alarms=[alarm]))

    def _end(self, group: Group, heard: _Heard) -> None:
        message = f"{self._message(group, heard)}; the ranks were killed"
        write_failure(group.folder, "watchdog", Reason.WORKER_LOST, message)
        said = {"attempt": self._claim.attempt, "message": message, "silent_s": heard.silent_s}
        self._write(Batch(notes=[("ranks_killed", said)]))

    def _write(self, batch: Batch) -> bool:
        try:
            self._record(batch)
        except PASSING:
            return False
        return True

    def _message(self, group: Group, heard: _Heard) -> str:
        found = [f"process {pid} is {_STATES[state]}" for pid, state in processes.states(group.ranks.pid).items()
                 if state in _STATES]  # fmt: skip
        text = (
            f"no sign of life of the ranks for {heard.silent_s:.1f} s, at {heard.phase}; "
            f"{self._allowed_s(heard):.1f} s are allowed there"
        )
        return "; ".join([text, *found])
