"""The groups of ranks of one attempt: one on the slots of the claim, further ones on idle slots."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jobs.database.records import Node
from worker.launch import orphans
from worker.launch.device_probe import DeviceProbe
from worker.launch.launcher import Launcher, Ranks
from worker.rundir.failures import failed_devices

_POLL_S = 0.01

Devices = tuple[int, ...]


class IdleSlots(Protocol):
    """Slots of this worker that no job waits for."""

    def take(self, count: int) -> Devices | None:
        """Take a number of slots; None if there are fewer, or if a job waits."""

    def give_back(self, devices: Devices) -> None:
        """Give back slots whose processes have ended, or are known to be unkillable."""

    def are_wanted(self) -> bool:
        """Return whether a job waits that this worker could run."""


@dataclass(frozen=True, slots=True)
class Group:
    """Ranks that run together, with their own slots and their own folder with a plan."""

    ranks: Ranks
    devices: Devices
    folder: Path


@dataclass(slots=True)
class Groups:
    """Starts and ends groups of ranks. If one fails, all have failed.

    Attributes:
        launcher: Starts the ranks.
        on_cuda: Whether slots are CUDA devices.
        kept: Takes devices to quarantine, each with a function that says whether it is usable again.
        free: Told of the devices of a further group that has ended; those of the first are its job's.
        node: The place of this host where the job runs on several.
    """

    launcher: Launcher
    on_cuda: bool
    kept: dict[int, Callable[[], bool]]
    free: Callable[[Devices], None]
    node: Node | None = None
    _running: list[Group] = field(default_factory=list)
    _first: Group | None = None

    @property
    def running(self) -> list[Group]:
        """All groups that run, or that have ended and still hold their slots."""
        return [*self._running]

    @property
    def further(self) -> list[Group]:
        """The groups beside the first."""
        return [group for group in self._running if group is not self._first]

    def start(self, folder: Path, devices: Devices) -> None:
        """Start a group with the plan in its folder."""
        ranks = self.launcher.launch(folder, devices, on_cuda=self.on_cuda, node=self.node)
        group = Group(ranks, devices, folder)
        self._first = self._first or group
        self._running.append(group)
        orphans.write_down(folder, group.ranks.pid)

    def is_running_on(self, devices: Devices) -> bool:
        """Return whether a group runs on these slots."""
        return any(group.devices == devices for group in self._running)

    def are_working(self) -> bool:
        """Return whether a group still runs and none has failed."""
        return self.is_alive() and not self.has_failed()

    def has_failed(self) -> bool:
        """Return whether the agent of any group has failed."""
        return any(group.ranks.has_failed() for group in self._running)

    def is_alive(self) -> bool:
        """Return whether the agent of any group still runs."""
        return any(group.ranks.is_alive() for group in self._running)

    def release_ended(self) -> None:
        """Give back the slots of further groups that have finished."""
        for group in self.further:
            if not group.ranks.is_alive() and not group.ranks.has_failed():
                self._end(group)

    def stop(self, grace_s: float) -> None:
        """Send SIGTERM to all groups, and SIGKILL to processes that are left after ``grace_s`` seconds."""
        for group in self._running:
            group.ranks.terminate()
        deadline = time.monotonic() + grace_s
        while self.is_alive() and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        self.kill()

    def end_processes(self) -> None:
        """Send SIGKILL to all groups, from any thread. Only `kill` gives their slots back."""
        for group in self.running:
            group.ranks.kill()

    def kill(self) -> None:
        """End the remaining processes of all groups. A slot becomes free only when its processes have ended."""
        for group in [*self._running]:
            self._end(group)
        self._first = None

    def _end(self, group: Group) -> None:
        if group.ranks.kill():
            (group.folder / orphans.FILE).unlink(missing_ok=True)
            failed = [group.devices[place] for place in failed_devices(group.folder)]
            self.kept.update({device: DeviceProbe(self.launcher, device) for device in failed})
        else:
            self.kept.update(dict.fromkeys(group.devices, group.ranks.are_gone))
        self._running.remove(group)
        if group is not self._first:
            self.free(group.devices)
