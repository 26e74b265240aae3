"""The current activity of rank 0, reported often, so that the supervisor can tell slow ranks from ranks that hang.

Rank 0 waits for the others in every step and at the end of every evaluation. So it falls silent when any of them does.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

FILE: Final = "activity"
INTERVAL_S: Final = 0.1  # between two writes of the same phase
FIRST_STEPS: Final = 3  # kernels are chosen, memory is taken, messages are arranged
LONG: Final = 10.0  # times the floor: how long phases other than steps, which have no usual length, may be silent
END: Final = 2.0  # times the silence that raises the alarm: the attempt is ended
_LEAST_TIMEOUT_S: Final = 600.0
_WIDTH: Final = 64  # one write replaces the line before as a whole

Phase = Literal["start", "first_steps", "step", "evaluation", "checkpoint", "ending", "done"]


def collective_timeout_s(floor_s: float) -> float:
    """How long ranks may wait for each other in one exchange: no shorter than the longest silence that is allowed."""
    return max(END * LONG * floor_s, _LEAST_TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """One line of the file.

    Attributes:
        count: How many lines were written so far.
        step_s: How long the newest step took.
        phase: What rank 0 was at.
    """

    count: int
    step_s: float
    phase: str

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What stands in a run directory; None where nothing does, or no whole line."""
        try:
            count, step_s, phase = (folder / FILE).read_text().split()
            return cls(int(count), float(step_s), phase)
        except (FileNotFoundError, ValueError):
            return None


class Activity:
    """Writes what this process is at; until `begin` is called it does nothing, and so on ranks other than 0."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._phase: Phase = "start"
        self._count = self._steps = 0
        self._at = self._written = self._step_s = 0.0

    def begin(self, folder: Path) -> None:
        """Write into a run directory from now on."""
        self._file = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.at("start")

    def at(self, phase: Phase) -> None:
        """Say what is done now; call it again as long as that goes on."""
        if self._file is None:
            return
        self._at = time.monotonic()
        if phase == self._phase and self._at - self._written < INTERVAL_S:
            return
        self._phase, self._written, self._count = phase, self._at, self._count + 1
        os.pwrite(self._file, f"{self._count} {self._step_s:.6f} {phase}".ljust(_WIDTH).encode(), 0)

    def step_ended(self) -> None:
        """Say that one more update was made."""
        if self._file is None:
            return
        self._step_s, self._steps = time.monotonic() - self._at, self._steps + 1
        self.at("step" if self._steps > FIRST_STEPS else "first_steps")


activity: Final = Activity()  # of this process
