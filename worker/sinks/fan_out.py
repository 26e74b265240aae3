"""Passes the curves of an attempt to sinks in a separate thread, so that no sink can delay a job."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jobs.database.records import Claim, MetricPoint
from worker.sinks.sink import OpenSink, Sink

log = logging.getLogger(__name__)

MOST_WAITING = 256  # batches; a sink that is this far behind has failed
END_S = 2.0  # how long the end of an attempt waits for sinks; slower sinks continue while the worker lives

Tell = Callable[[str, dict[str, Any]], None]


class FanOut:
    """The sinks of one attempt. The first error of a sink is reported, and the sink is not used again.

    Args:
        openers: By name, a function that opens a sink. It is not called in the caller's thread.
        claim: The attempt.
        tell: Called with an event's type and data when a sink has failed; may be called from another thread.
    """

    def __init__(self, openers: Mapping[str, OpenSink], claim: Claim, tell: Tell) -> None:
        self._openers, self._claim, self._tell = openers, claim, tell
        self._waiting: queue.Queue[tuple[Sequence[MetricPoint], float] | str] = queue.Queue(MOST_WAITING)
        self._sinks: dict[str, Sink] = {}
        self._is_behind = False
        self._thread = threading.Thread(target=self._run, name=f"sinks {claim.job_id}", daemon=True)
        if openers:
            self._thread.start()

    def write(self, points: Sequence[MetricPoint]) -> None:
        """Pass on points that are in SQL. Never waits, never raises."""
        if not self._openers or self._is_behind or not points:
            return
        try:
            self._waiting.put_nowait((tuple(points), time.time()))
        except queue.Full:
            self._is_behind = True
            self._failed("all", RuntimeError(f"{MOST_WAITING} batches wait; the rest of this attempt is left out"))

    def close(self, status: str) -> None:
        """Tell the sinks how the attempt ended, and wait briefly for them."""
        if not self._openers:
            return
        try:
            self._waiting.put(status, timeout=END_S)
        except queue.Full:
            return
        self._thread.join(END_S)

    def _run(self) -> None:
        for name, opener in self._openers.items():
            try:
                self._sinks[name] = opener(self._claim)
            except Exception as error:  # whatever a sink raises, the job goes on
                self._failed(name, error)
        while not isinstance(given := self._waiting.get(), str):
            points, at = given
            self._each(lambda sink, points=points, at=at: sink.write(points, at))  # type: ignore[misc]
        self._each(lambda sink: sink.close(given))

    def _each(self, use: Callable[[Sink], None]) -> None:
        for name, sink in list(self._sinks.items()):
            try:
                use(sink)
            except Exception as error:  # whatever a sink raises, the job goes on
                del self._sinks[name]
                self._failed(name, error)

    def _failed(self, name: str, error: Exception) -> None:
        log.warning("sink %s of %s failed", name, self._claim.job_id, exc_info=error)
        try:
            self._tell("sink_failed", {"sink": name, "message": f"{type(error).__name__}: {error}"[:1000]})
        except Exception:  # SQL may not answer either
            log.warning("the failure of sink %s could not be recorded", name, exc_info=True)
