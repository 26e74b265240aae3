"""The worker's consumer of broker messages: a Celery consumer in a thread that is restarted whenever it ends."""

import logging
import threading
import time

from celery import Celery
from celery.worker import WorkController, state

from jobs.scheduling.broker import QUEUE

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 15.0
STABLE_AFTER_S = 60.0
CLOSE_S = 0.5


class Listener:
    """Executes messages of the queue, one at a time. Their tasks must be short.

    Celery reconnects by itself after it has lost a connection. An error reply of the broker, such as that it accepts no
    writes, ends its consumer. It is then started again, after a pause that doubles up to 15 s.

    Args:
        app: The app whose tasks are executed.
        name: Name of the worker.
    """

    def __init__(self, app: Celery, name: str) -> None:
        self._app, self._name = app, name
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Tell the thread to end, without waiting for a broker that does not answer."""
        self._done.set()
        state.should_stop = 0
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._done.is_set():
            begun = time.monotonic()
            self._consume()
            if self._done.is_set():
                return
            if time.monotonic() - begun >= STABLE_AFTER_S:
                pause_s = FIRST_PAUSE_S
            log.warning("not connected to the broker; trying again in %g s. Jobs start anyway", pause_s)
            self._done.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _consume(self) -> None:
        """Run the consumer until it fails. Celery logs most of these errors by itself."""
        try:
            # Do not use kombu's event loop: it is global, and a second consumer would inherit the state of the first.
            WorkController(
                app=self._app, hostname=self._name, pool="solo", concurrency=1, queues=[QUEUE], use_eventloop=False,
                without_gossip=True, without_mingle=True, without_heartbeat=True,
            ).start()  # fmt: skip
        except (Exception, SystemExit):
            log.exception("the consumer could not be started")
