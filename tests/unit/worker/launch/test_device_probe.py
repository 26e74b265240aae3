"""When a device that failed is probed; there is no such device here, so its process is only written down."""

from types import SimpleNamespace
from typing import Any

import pytest

from worker.attempt.rank_groups import Groups
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.slots import Slots
from worker.launch import device_probe
from worker.launch.device_probe import DeviceProbe
from worker.launch.launcher import NotStartedError
from worker.train.causes import DeviceLostError, explain


class Process:
    """A process that ends when it is told to."""

    pid = 2**22 + 1  # larger than any process id: nothing is ever signalled

    def __init__(self) -> None:
        self.status: int | None = None

    def is_alive(self) -> bool:
        return self.status is None

    def has_failed(self) -> bool:
        return bool(self.status)

    def kill(self) -> bool:
        self.status = self.status or -9
        return True


class Launcher:
    def __init__(self) -> None:
        self.probes: list[tuple[int, Process]] = []
        self.fails = False

    def probe(self, device: int) -> Any:
        if self.fails:
            raise NotStartedError("the forkserver is gone")
        self.probes.append((device, Process()))
        return self.probes[-1][1]

    def launch(self, *_: Any, **__: Any) -> Any:
        return Process()


@pytest.fixture
def launcher() -> Launcher:
    return Launcher()


@pytest.fixture
def is_usable(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> DeviceProbe:
    monkeypatch.setattr(device_probe, "PROBE_EVERY_S", 0.0)
    return DeviceProbe(launcher, 3)  # type: ignore[arg-type]


def test_a_device_is_usable_when_a_process_has_worked_on_it(launcher: Launcher, is_usable: DeviceProbe) -> None:
    assert not is_usable()
    assert not is_usable()
    ((device, process),) = launcher.probes
    process.status = 0
    assert (device, is_usable()) == (3, True)


def test_a_device_that_fails_its_probe_is_probed_again(launcher: Launcher, is_usable: DeviceProbe) -> None:
    is_usable()
    launcher.probes[0][1].status = 1
    assert not is_usable()
    assert not is_usable()
    launcher.probes[1][1].status = 0
    assert is_usable()


def test_a_broken_device_is_not_probed_at_every_look(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_probe, "PROBE_EVERY_S", 3600.0)
    is_usable = DeviceProbe(launcher, 3)  # type: ignore[arg-type]
    is_usable()
    launcher.probes[0][1].status = 1
    assert not any(is_usable() for _ in range(5))
    assert len(launcher.probes) == 1


def test_a_probe_that_cannot_be_started_is_tried_again(launcher: Launcher, is_usable: DeviceProbe) -> None:
    launcher.fails = True
    assert not is_usable()
    launcher.fails = False
    is_usable()
    assert len(launcher.probes) == 1


def test_a_group_keeps_the_device_of_a_rank_that_failed_on_it_and_no_other(launcher: Launcher, tmp_path: Any) -> None:
    groups = Groups(launcher, True, {}, lambda _: None)  # type: ignore[arg-type]
    groups.start(tmp_path, (4, 7))
    explain(DeviceLostError("gone"), device=1).write(tmp_path, 1)
    groups.kill()
    assert [*groups.kept] == [7]
    assert groups.kept[7]() is False
    assert [device for device, _ in launcher.probes] == [7]


def test_slots_of_an_attempt_are_free_but_for_that_of_the_device_that_failed() -> None:
    slots, supervisor = Slots(4), SimpleNamespace(kept={1: lambda: False})
    parts: Any = {"database": None, "supervisor": supervisor, "settings": None}
    dispatcher = Dispatcher(name="w", slots=slots, **parts)
    dispatcher.free(slots.take(3))
    assert (slots.free, slots.quarantined, supervisor.kept) == (3, [1], {})
