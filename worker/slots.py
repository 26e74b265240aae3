"""Slots: the devices of this worker, each used by one rank at a time."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Slots:
    """Hands out devices ``0 … total - 1``.

    A slot whose processes could not be ended is in quarantine: it is neither free nor counted until they are gone.

    Args:
        total: How many devices there are, at least 1.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = set(range(total))
        self._left: dict[tuple[int, ...], Callable[[], bool]] = {}  # devices: whether their processes are gone
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

    def quarantine(self, devices: tuple[int, ...], are_gone: Callable[[], bool]) -> None:
        """Keep devices back until ``are_gone`` says that their processes are."""
        log.error("slots %s are in quarantine: their processes cannot be killed", devices)
        with self._lock:
            self._left[devices] = are_gone

    def release(self) -> None:
        """Return the devices in quarantine whose processes have gone since."""
        with self._lock:
            for devices in [devices for devices, are_gone in self._left.items() if are_gone()]:
                del self._left[devices]
                self._free.update(devices)
                log.warning("slots %s are out of quarantine", devices)
