"""Slots: the devices of this worker. One rank at a time uses each of them."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Slots:
    """Hands out devices ``0 … total - 1``.

    A slot is in quarantine if its processes could not be ended or its device failed. It is neither free nor usable
    until the processes are gone or the device works again.

    Args:
        total: Number of devices, at least 1.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = set(range(total))
        self._usable_checks: dict[tuple[int, ...], Callable[[], bool]] = {}  # checks by the devices in quarantine
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """Number of free devices."""
        return len(self._free)

    @property
    def usable(self) -> int:
        """Number of devices that are not in quarantine."""
        return self.total - len(self.quarantined)

    @property
    def quarantined(self) -> list[int]:
        """Devices in quarantine."""
        with self._lock:
            return sorted(device for devices in self._usable_checks for device in devices)

    def take(self, count: int) -> tuple[int, ...]:
        """Take ``count`` devices, lowest numbers first.

        Raises:
            ValueError: Fewer than ``count`` are free.
        """
        with self._lock:
            if count > len(self._free):
                raise ValueError(f"{count} slots asked for, {len(self._free)} of {self.total} are free")
            taken = tuple(sorted(self._free)[:count])
            self._free.difference_update(taken)
            return taken

    def give_back(self, devices: tuple[int, ...]) -> None:
        """Return devices whose processes are gone."""
        with self._lock:
            self._free.update(devices)

    def quarantine(self, devices: tuple[int, ...], are_usable: Callable[[], bool]) -> None:
        """Keep devices in quarantine until ``are_usable`` returns True."""
        log.error("slots %s are in quarantine: their device failed, or their processes cannot be killed", devices)
        with self._lock:
            self._usable_checks[devices] = are_usable

    def release(self) -> None:
        """Free the devices in quarantine that are usable again. Only one thread may call this."""
        with self._lock:
            checks = [*self._usable_checks.items()]
        usable = [devices for devices, are_usable in checks if are_usable()]  # without the lock: the check may be slow
        with self._lock:
            for devices in usable:
                del self._usable_checks[devices]
                self._free.update(devices)
                log.warning("slots %s are out of quarantine", devices)
