"""Failing components of a worker: logged once, and stored in SQL with every heartbeat, for `/readyz` and `/metrics`."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.database.availability import PASSING

log = logging.getLogger(__name__)

LOOK, BEAT, SWEEP = "look", "beat", "sweep"
LONGEST = 300


class ComponentFailures:
    """The components that failed when they were last tried. Thread-safe."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def reasons(self) -> dict[str, str]:
        """Return why each component failed."""
        with self._lock:
            return dict(self._reasons)

    @contextmanager
    def step(self, part: str) -> Iterator[None]:
        """Record whether a block fails. The error is not raised, so that a thread that repeats the block goes on."""
        try:
            yield
        except PASSING:
            log.warning("%s: SQL does not answer", part, exc_info=True)
        except Exception as error:
            self.note(part, error)
        else:
            with self._lock:
                self._reasons.pop(part, None)

    def note(self, part: str, error: Exception) -> None:
        """Record that a component failed. The same error of the same component is logged once."""
        said = f"{type(error).__name__}: {error}"[:LONGEST]
        with self._lock:
            is_new = self._reasons.get(part) != said
            self._reasons[part] = said
        if is_new:
            log.error("%s fails: %s", part, said, exc_info=error)

    def keep(self, prefix: str, parts: set[str]) -> None:
        """Forget components whose names begin with ``prefix``, except these: the others were tried and work."""
        with self._lock:
            self._reasons = {
                part: said for part, said in self._reasons.items() if not part.startswith(prefix) or part in parts
            }
