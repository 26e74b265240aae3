"""Failing parts of a worker: logged once, and stored in SQL with every heartbeat, for `/readyz` and `/metrics`."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.database.availability import PASSING

log = logging.getLogger(__name__)

LOOK, BEAT, SWEEP = "look", "beat", "sweep"
LONGEST = 300


class Troubles:
    """The parts that failed when they were last tried; any thread may use it."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def told(self) -> dict[str, str]:
        """Why each part failed."""
        with self._lock:
            return dict(self._told)

    @contextmanager
    def step(self, part: str) -> Iterator[None]:
        """Note whether a block fails. Nothing is raised: a thread that repeats it goes on."""
        try:
            yield
        except PASSING:
            log.warning("%s: SQL does not answer", part, exc_info=True)
        except Exception as error:
            self.note(part, error)
        else:
            with self._lock:
                self._told.pop(part, None)

    def note(self, part: str, error: Exception) -> None:
        """Note that a part failed; the same error of the same part is logged once."""
        said = f"{type(error).__name__}: {error}"[:LONGEST]
        with self._lock:
            is_new = self._told.get(part) != said
            self._told[part] = said
        if is_new:
            log.error("%s fails: %s", part, said, exc_info=error)

    def keep(self, prefix: str, parts: set[str]) -> None:
        """Forget parts whose names begin with ``prefix``, but for these: the others were tried, and are well."""
        with self._lock:
            self._told = {
                part: said for part, said in self._told.items() if not part.startswith(prefix) or part in parts
            }
