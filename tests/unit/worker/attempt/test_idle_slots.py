"""When spare slots are taken and given back, with groups that are only written down."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from worker.attempt import idle_slots
from worker.attempt.idle_slots import IdleSlotScheduler
from worker.attempt.rank_groups import Devices, Groups
from worker.rundir import control_files
from worker.rundir.control_files import is_asked_to_stop
from worker.rundir.directory import Share


@dataclass
class Slots:
    """Slots of a worker; ``wanted`` is whether a job waits."""

    free: int
    wanted: bool = False
    given_back: list[Devices] = field(default_factory=list)

    def take(self, count: int) -> Devices | None:
        if self.wanted or count > self.free:
            return None
        self.free -= count
        return tuple(range(self.free, self.free + count))

    def give_back(self, devices: Devices) -> None:
        self.free += len(devices)
        self.given_back.append(devices)

    def are_wanted(self) -> bool:
        return self.wanted


class Process:
    """An agent that ends when it is told to."""

    pid = 2**22 + 1  # larger than any process id: nothing is ever signalled

    def __init__(self) -> None:
        self.ended = False

    def is_alive(self) -> bool:
        return not self.ended

    def has_failed(self) -> bool:
        return False

    def kill(self) -> bool:
        self.ended = True
        return True


class Launcher:
    def __init__(self) -> None:
        self.started: list[tuple[Path, Devices]] = []
        self.fails = False

    def launch(self, folder: Path, devices: Devices, *, on_cuda: bool, node: None = None) -> Any:
        del on_cuda, node
        if self.fails:
            raise OSError("no process can be made")
        self.started.append((folder, devices))
        return Process()


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_slots, "LOOK_S", 0.0)


def begun(tmp_path: Path, slots: Slots, *, replicas: int, group_size: int = 1) -> tuple[IdleSlotScheduler, Launcher]:
    launcher = Launcher()
    groups = Groups(launcher, False, {}, slots.give_back)  # type: ignore[arg-type]

    def prepare(folder: Path, _share: Share) -> None:
        folder.mkdir(exist_ok=True)

    found = IdleSlotScheduler(groups, slots, tmp_path, group_size, prepare)
    found.begin(tuple(range(100, 100 + group_size)), replicas)
    return found, launcher


def test_there_are_never_more_groups_than_replicas(tmp_path: Path) -> None:
    slots = Slots(free=9)
    found, launcher = begun(tmp_path, slots, replicas=3)
    found.tend()
    found.tend()
    assert [folder.name for folder, _ in launcher.started[1:]] == ["group-1", "group-2"]
    assert (found.slots, slots.free) == (3, 7)


def test_a_group_takes_as_many_slots_as_it_has_ranks(tmp_path: Path) -> None:
    slots = Slots(free=5)
    found, launcher = begun(tmp_path, slots, replicas=9, group_size=2)
    found.tend()
    assert [len(devices) for _, devices in launcher.started] == [2, 2, 2]
    assert (found.slots, slots.free) == (6, 1)


def test_nothing_is_taken_while_a_job_waits_and_what_was_taken_is_asked_for(tmp_path: Path) -> None:
    slots = Slots(free=1)
    found, launcher = begun(tmp_path, slots, replicas=5)
    found.tend()
    slots.wanted = True
    found.tend()
    assert is_asked_to_stop(tmp_path / "group-1")
    assert not is_asked_to_stop(tmp_path)
    assert len(launcher.started) == 2


def test_slots_of_a_group_that_has_ended_are_given_back_at_once(tmp_path: Path) -> None:
    slots = Slots(free=1)
    found, launcher = begun(tmp_path, slots, replicas=2)
    found.tend()
    (group,) = found.groups.further
    group.ranks.kill()
    found.tend()
    assert (slots.given_back, found.slots) == ([launcher.started[1][1]], 1)


def test_slots_are_given_back_where_no_group_can_be_started_or_no_piece_is_left(tmp_path: Path) -> None:
    slots = Slots(free=1)
    found, launcher = begun(tmp_path, slots, replicas=2)
    launcher.fails = True
    with pytest.raises(OSError, match="no process"):
        found.tend()
    assert slots.free == 1
    assert control_files.pieces_left(tmp_path / control_files.PIECES_FOLDER, 2) == 0
    launcher.fails = False
    found.tend()
    assert (slots.free, len(launcher.started)) == (1, 1)
