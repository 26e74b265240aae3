"""Lends spare slots to the replicas of a range test, and takes them back when a job waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from worker.groups import Devices, Groups, Spare
from worker.rundir import Share
from worker.train import pieces
from worker.train.stopping import ask_to_stop

LOOK_S = 1.0  # between two looks into the queue


@dataclass(slots=True)
class Sharing:
    """Decides how many groups of ranks do the pieces of one attempt.

    While no job waits and pieces are left that nobody has taken, each further ``group_size`` spare slots do one more at
    the same time. When a job waits, every further group ends after the piece that it is at; the first goes on. See
    ADR 17.

    Attributes:
        groups: Those that run.
        spare: Slots to take.
        run_dir: Of the attempt.
        count: How many pieces the job has.
        group_size: How many slots a group needs.
        prepare: Writes the plan of a group into its folder.
    """

    groups: Groups
    spare: Spare
    run_dir: Path
    count: int
    group_size: int
    prepare: Callable[[Path, Share], None]
    _look_at: float = 0.0
    _number: int = 0
    _share: Share = field(init=False)

    def begin(self, devices: Devices) -> None:
        """Start the first group."""
        self._share = Share.first(self.run_dir)
        self.prepare(self.run_dir, self._share)
        self.groups.start(self.run_dir, devices)

    @property
    def slots(self) -> int:
        """How many slots the attempt holds: those of its job, and those lent to it."""
        return self.group_size * (1 + len(self.groups.further))

    def tend(self) -> None:
        """Start further groups, ask them to end, give their slots back; call often."""
        self.groups.release_ended()
        if self.count == 1 or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_S
        if self.groups.further and self.spare.are_wanted():
            for group in self.groups.further:
                ask_to_stop(group.folder)
        while pieces.left(self._share.pieces_dir, self.count) and (devices := self.spare.take(self.group_size)):
            self._grow(devices)

    def _grow(self, devices: Devices) -> None:
        piece = pieces.take(self._share.pieces_dir, self.count)
        if piece is None:  # a group was faster
            self.spare.give_back(devices)
            return
        self._number += 1
        folder = self.run_dir / f"group-{self._number}"
        try:
            self.prepare(folder, Share(self._share.pieces_dir, piece))
            self.groups.start(folder, devices)
        finally:
            if not self.groups.hold(devices):  # it could not be started
                self.spare.give_back(devices)
