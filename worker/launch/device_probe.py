"""Checks whether a device that failed can be used again."""

import logging
import time

from worker.launch.launcher import Launcher, NotStartedError, Ranks

log = logging.getLogger(__name__)

PROBE_EVERY_S = 30.0


class DeviceProbe:
    """Runs a small task on a device, in a separate process, until it succeeds; see `Slots.quarantine`.

    A device that failed because of a rank's work passes at once. A broken device, or one without its driver, stays out
    of use, so that it gets no further attempts.

    Args:
        launcher: Starts the process.
        device: Number of the device.
    """

    def __init__(self, launcher: Launcher, device: int) -> None:
        self._launcher, self._device = launcher, device
        self._process: Ranks | None = None
        self._due = 0.0

    def __call__(self) -> bool:
        """Return whether the last probe has ended and succeeded. Start one if none runs. Does not wait."""
        if self._process is None:
            if time.monotonic() >= self._due:
                self._start()
            return False
        if self._process.is_alive():
            return False
        usable = not self._process.has_failed()
        self._process, self._due = None, time.monotonic() + PROBE_EVERY_S
        return usable

    def _start(self) -> None:
        try:
            self._process = self._launcher.probe(self._device)
        except NotStartedError:
            log.warning("device %s could not be probed", self._device, exc_info=True)
