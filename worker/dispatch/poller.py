"""Polls SQL and starts waiting jobs: at an interval, and immediately when the broker has a message."""

import threading
import time

from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.health import LOOK, ComponentFailures

STALLED_AFTER_S = 60.0


class Poller:
    """A thread that starts waiting jobs, every ``interval_s`` and when the dispatcher is woken.

    Jobs start only here, so that a failing broker costs at most ``interval_s``.
    """

    def __init__(self, dispatcher: Dispatcher, interval_s: float, failures: ComponentFailures) -> None:
        self.dispatcher, self.failures, self._interval_s = dispatcher, failures, interval_s
        self._began: float | None = None  # start of the current poll
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop starting jobs."""
        self._done.set()
        self.dispatcher.wake()
        self._thread.join()

    def stalled_s(self) -> float:
        """Seconds by which the current poll is late; 0 while polls end in time."""
        began = self._began
        gone_s = 0.0 if began is None else time.monotonic() - began
        return gone_s if gone_s > STALLED_AFTER_S else 0.0

    def _run(self) -> None:
        wanted = self.dispatcher.wanted
        while True:
            wanted.clear()  # before the poll: a job that is submitted during it wakes this thread again
            if self._done.is_set():
                return
            self._began = time.monotonic()
            with self.failures.step(LOOK):
                self.dispatcher.start_waiting()
            self._began = None
            wanted.wait(self._interval_s)
