"""The reaper of a worker: sends heartbeats, takes back expired leases, marks jobs that no worker can take."""

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.lifecycle import recovery
from jobs.lifecycle.recovery import HeldAttempts
from jobs.scheduling import workers
from jobs.scheduling.deadlines import Backoff
from jobs.scheduling.workers import WorkerInfo
from worker.attempt import dataset_cache, run_dir_cleanup
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.health import BEAT, SWEEP, ComponentFailures
from worker.dispatch.poller import Poller
from worker.launch import orphans

log = logging.getLogger(__name__)

BEATS_PER_LIFE = 5
CLEAN_EVERY_S = 600.0


class Reaper:
    """A thread that runs as long as the worker. Any number of workers may run one at the same time."""

    def __init__(
        self, *, database: Database, info: WorkerInfo, dispatcher: Dispatcher, poller: Poller,
        failures: ComponentFailures, settings: Settings,
    ) -> None:  # fmt: skip
        self._database, self._info, self._dispatcher, self._settings = database, info, dispatcher, settings
        self._poller, self._failures = poller, failures
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        try:
            workers.leave(self._database, self._info.name)  # state of a killed worker of this name: draining, say
        except SQLAlchemyError:
            log.warning("SQL does not answer", exc_info=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and remove this worker from the list."""
        self._done.set()
        self._thread.join()
        try:
            workers.leave(self._database, self._info.name)
        except SQLAlchemyError:
            log.warning("could not remove this worker from the list", exc_info=True)

    def _beat(self, ttl_s: float) -> None:
        slots, stalled_s = self._dispatcher.slots, self._poller.stalled_s()
        slots.release()
        if stalled_s:  # a worker that starts no jobs must not count as alive
            log.error("no heartbeat: the poller has waited %.0f s for SQL", stalled_s)
            return
        if workers.beat(
            self._database, self._info, ttl_s=ttl_s, quarantined=slots.quarantined, troubles=self._failures.reasons
        ):
            self._dispatcher.draining.set()
        else:
            self._dispatcher.draining.clear()

    def _clean(self) -> None:
        """Clean up after workers of this host. If one step fails, the others still run."""
        database, settings, failures = self._database, self._settings, self._failures
        with failures.step("orphans"):
            orphans.end_orphans(database, settings.runs_dir)
        with failures.step("attempt files"):
            run_dir_cleanup.tidy_attempts(database, settings.runs_dir)
        with failures.step("run directories"):
            orphans.tidy_runs(database, settings.runs_dir, keep_days=settings.keep_logs_days)
        with failures.step("cached datasets"):
            dataset_cache.clean(database, settings)

    def _recover_jobs(self) -> None:
        settings = self._settings
        unrecovered: set[str] = set()

        def report(job_id: str, error: Exception) -> None:
            unrecovered.add(job_id)
            self._failures.note(job_id, error)

        recovery.recover_jobs(
            self._database, max_attempts=settings.max_attempts,
            backoff=Backoff(settings.backoff_s, settings.max_backoff_s),
            stuck_s=settings.cancel_deadline_s + settings.stop_grace_s + 2 * settings.lease_s,
            kept=HeldAttempts(self._dispatcher.leases.has, settings.lease_s),
            report=report,
        )  # fmt: skip
        self._failures.keep("job_", unrecovered)

    def _run(self) -> None:
        interval, clean_at = self._settings.sweep_interval_s, 0.0
        while True:
            if time.monotonic() >= clean_at:
                self._clean()
                clean_at = time.monotonic() + CLEAN_EVERY_S
            with self._failures.step(BEAT):
                self._beat(max(BEATS_PER_LIFE * interval, 5.0))
            with self._failures.step(SWEEP):
                self._recover_jobs()
            if self._done.wait(interval):
                return
