"""The sweep of a worker: beats, takes back expired leases, marks jobs that no worker can take."""

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from jobs import registry
from jobs.db import Database
from jobs.deadlines import Backoff
from jobs.registry import Kept, WorkerInfo
from jobs.settings import Settings
from worker import attempt_files, cached_datasets, leftovers
from worker.dispatch import Dispatcher

log = logging.getLogger(__name__)

BEATS_PER_LIFE = 5
CLEAN_EVERY_S = 600.0


class Sweep:
    """A thread that runs for as long as the worker does; any number of workers may sweep at once."""

    def __init__(self, database: Database, info: WorkerInfo, dispatcher: Dispatcher, settings: Settings) -> None:
        self._database, self._info, self._dispatcher, self._settings = database, info, dispatcher, settings
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        """Begin to sweep."""
        try:
            registry.leave(self._database, self._info.name)  # what a namesake that was killed has left: draining, say
        except SQLAlchemyError:
            log.warning("SQL does not answer", exc_info=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and take this worker off the list."""
        self._done.set()
        self._thread.join()
        try:
            registry.leave(self._database, self._info.name)
        except SQLAlchemyError:
            log.warning("could not take this worker off the list", exc_info=True)

    def _beat(self, ttl_s: float) -> None:
        slots = self._dispatcher.slots
        slots.release()
        if registry.beat(self._database, self._info, ttl_s=ttl_s, quarantined=slots.quarantined):
            self._dispatcher.draining.set()
        else:
            self._dispatcher.draining.clear()

    def _clean(self) -> None:
        """Away with what workers of this host have left behind."""
        runs_dir = self._settings.runs_dir
        try:
            leftovers.end_orphans(self._database, runs_dir)
            attempt_files.tidy_attempts(self._database, runs_dir)
            leftovers.tidy_runs(self._database, runs_dir, keep_days=self._settings.keep_logs_days)
            cached_datasets.clean(self._database, self._settings)
        except (OSError, SQLAlchemyError):
            log.warning("could not clean up %s", self._settings.data_dir, exc_info=True)

    def _mend(self) -> None:
        settings = self._settings
        registry.mend(
            self._database, max_attempts=settings.max_attempts,
            backoff=Backoff(settings.backoff_s, settings.max_backoff_s),
            stuck_s=settings.cancel_deadline_s + settings.stop_grace_s + 2 * settings.lease_s,
            kept=Kept(self._dispatcher.leases.has, settings.lease_s),
        )  # fmt: skip

    def _run(self) -> None:
        interval, clean_at = self._settings.sweep_interval_s, 0.0
        while True:
            if time.monotonic() >= clean_at:
                self._clean()
                clean_at = time.monotonic() + CLEAN_EVERY_S
            try:
                self._beat(max(BEATS_PER_LIFE * interval, 5.0))
                self._mend()
            except SQLAlchemyError:
                log.warning("sweep failed: SQL does not answer", exc_info=True)
            if self._done.wait(interval):
                return
