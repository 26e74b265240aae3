"""Runs replicas and probes of a range test on idle slots, and frees these slots when a job waits."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobs.spec.runnable import ProbeRun
from worker.attempt.rank_groups import Devices, Groups, IdleSlots
from worker.rundir import control_files
from worker.rundir.control_files import ask_to_stop
from worker.rundir.directory import Share

LOOK_S = 1.0  # between two checks of the queue


@dataclass(slots=True)
class IdleSlotScheduler:
    """Decides how many groups of ranks run the pieces of one attempt: its replicas, then the probes of each rung.

    While no job waits and untaken pieces are left, each further ``group_size`` idle slots run one more group at the
    same time. When a job waits, every further group ends after its current piece; the first group continues. See ADR
    0016.

    Attributes:
        groups: The running groups.
        idle_slots: The source of idle slots.
        run_dir: Run directory of the attempt and folder of its first group. Each further group has a folder in it.
        group_size: Slots that a group needs.
        prepare: Writes the plan of a group into its folder.
        reported_slots: Number of slots recorded in SQL.
    """

    groups: Groups
    idle_slots: IdleSlots
    run_dir: Path
    group_size: int
    prepare: Callable[[Path, Share], None]
    reported_slots: int = field(init=False)
    _count: int = field(init=False)
    _share: Share = field(init=False)
    _look_at: float = 0.0
    _number: int = 0

    def __post_init__(self) -> None:
        self.reported_slots = self.group_size

    def begin(self, devices: Devices, count: int, probes: Sequence[ProbeRun] = ()) -> None:
        """Start the first group of a set of pieces.

        Args:
            devices: Slots of the group.
            count: Number of pieces.
            probes: The pieces, if they are probes and not replicas.
        """
        folder = self._next_folder()
        self._count, self._share, self._look_at = count, Share.first(folder, probes), 0.0
        self.prepare(folder, self._share)
        self.groups.start(folder, devices)

    @property
    def slots(self) -> int:
        """Return how many slots the attempt holds: those of its job and the idle slots that it uses."""
        return self.group_size * (1 + len(self.groups.further))

    def tend(self) -> None:
        """Start further groups, ask them to end, and give their slots back. Call this often."""
        self.groups.release_ended()
        if self._count == 1 or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_S
        if self.groups.further and self.idle_slots.are_wanted():
            for group in self.groups.further:
                ask_to_stop(group.folder)
        while control_files.pieces_left(self._share.pieces_dir, self._count) and (
            devices := self.idle_slots.take(self.group_size)
        ):
            self._grow(devices)

    def _grow(self, devices: Devices) -> None:
        piece = control_files.take_piece(self._share.pieces_dir, self._count)
        if piece is None:  # another group took the piece first
            self.idle_slots.give_back(devices)
            return
        folder = self._next_folder()
        try:
            self.prepare(folder, replace(self._share, piece=piece))
            self.groups.start(folder, devices)
        finally:
            if not self.groups.is_running_on(devices):  # the group could not be started
                self.idle_slots.give_back(devices)

    def _next_folder(self) -> Path:
        number, self._number = self._number, self._number + 1
        return self.run_dir / f"group-{number}" if number else self.run_dir
