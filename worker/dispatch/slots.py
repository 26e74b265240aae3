"""Slots: the devices of this worker, each used by one rank at a time."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Slots:
    """Hands out devices ``0 … total - 1``.

    A slot whose processes could not be ended, or whose device failed, is in quarantine: it is neither free nor counted
    until they are gone, or the device is usable again.

    Args:
        total: How many devices there are, at least 1.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = set(range(total))
        self._left: dict[tuple[int, ...], Callable[[], bool]] = {}  # devices: whether they are usable again
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """How many devices nobody uses."""
        return len(self._free)

    @property
    def usable(self) -> int:
        """How many devices there are outside quarantine."""
        return self.total - len(self.quarantined)

    @property
    def quarantined(self) -> list[int]:
        """Devices in quarantine."""
        with self._lock:
            return sorted(device for devices in self._left for device in devices)

    def take(self, count: int) -> tuple[int, ...]:
        """Take ``count`` devices, lowest numbers first.

        Raises:
            ValueError: Fewer are free.
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
        """Keep devices back until ``are_usable`` says that they may be used again."""
        log.error("slots %s are in quarantine: their device failed, or their processes cannot be killed", devices)
        with self._lock:
            self._left[devices] = are_usable

    def release(self) -> None:
        """Return the devices in quarantine that may be used again. One thread calls this."""
        with self._lock:
            left = [*self._left.items()]
        usable = [devices for devices, are_usable in left if are_usable()]  # it may take a while
        with self._lock:
            for devices in usable:
                del self._left[devices]
                self._free.update(devices)
                log.warning("slots %s are out of quarantine", devices)
