"""The look into SQL that starts jobs: often enough by itself, and at once when the broker has a message."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from worker.dispatch import Dispatcher

log = logging.getLogger(__name__)


class Look:
    """A thread that starts waiting jobs, every ``interval_s`` and when the dispatcher is woken.

    Jobs start here and nowhere else, so that a broker that fails costs at most ``interval_s``.
    """

    def __init__(self, dispatcher: Dispatcher, interval_s: float) -> None:
        self._dispatcher, self._interval_s = dispatcher, interval_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="look", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Start no more jobs."""
        self._done.set()
        self._dispatcher.wake()
        self._thread.join()

    def _run(self) -> None:
        wanted = self._dispatcher.wanted
        while not self._done.is_set():
            wanted.clear()  # before the look: what is submitted during it wakes this thread again
            try:
                self._dispatcher.start_waiting()
            except SQLAlchemyError:
                log.warning("no job can start: SQL does not answer", exc_info=True)
            wanted.wait(self._interval_s)
