"""Slots: the devices of this worker, each used by one rank at a time."""

import threading


class Slots:
    """Hands out devices ``0 … total - 1``.

    Args:
        total: How many devices there are, at least 1.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = set(range(total))
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """How many devices nobody uses."""
        return len(self._free)

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
