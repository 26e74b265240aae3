"""Metrics of jobs and workers from the database. Each API process exports the same values: use max, not sum."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from jobs.database import queries
from jobs.database.session import Database, db_now
from jobs.database.tables.jobs import Attempt, Job
from jobs.errors import BrokerUnreachableError
from jobs.scheduling.broker import WorkerNotifier
from jobs.scheduling.workers import slots_held
from jobs.status import Status


class BrokerCollector(Collector):
    """Checks the broker at every scrape.

    Args:
        notifier: Connects to the broker.
    """

    def __init__(self, notifier: WorkerNotifier) -> None:
        self._notifier = notifier

    def describe(self) -> list[Metric]:
        """Return nothing: registering must not contact the broker."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield whether the broker responds and accepts messages."""
        try:
            self._notifier.check()
            up = 1.0
        except BrokerUnreachableError:
            up = 0.0
        yield GaugeMetricFamily("clr_broker_up", "Whether the broker responds and accepts messages", value=up)


class JobsCollector(Collector):
    """Reads the database at every scrape; ``clr_database_up`` is 0 if the database does not answer.

    Args:
        database: Stores the jobs.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Return nothing: registering must not read the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        try:
            with self._database.read() as session:
                found = [*_jobs(session), *_attempts(session), *_workers(session)]
        except SQLAlchemyError:
            found = []
        yield GaugeMetricFamily("clr_database_up", "Whether the database responds", value=float(bool(found)))
        yield from found


def _jobs(session: Session) -> Iterator[Metric]:
    rows = session.execute(select(Job.status, func.count()).group_by(Job.status))
    counts = {row[0]: row[1] for row in rows}
    jobs = GaugeMetricFamily("clr_jobs", "Jobs by status", labels=["status"])
    for status in Status:
        jobs.add_metric([status], counts.get(status, 0))
    yield jobs
    waiting = (Job.status == Status.QUEUED, Job.waits_for.is_(None))
    depth = session.scalar(select(func.count()).select_from(Job).where(*waiting)) or 0
    yield GaugeMetricFamily("clr_queue_depth", "Queued jobs that wait only for slots", value=depth)
    oldest = session.scalar(select(db_now() - func.min(Job.queued_at)).where(*waiting))
    yield GaugeMetricFamily(
        "clr_queue_oldest_age_seconds", "How long the oldest job in the queue has waited", value=max(0.0, oldest or 0.0)
    )


def _attempts(session: Session) -> Iterator[Metric]:
    ended = Attempt.outcome.is_not(None)
    attempts = CounterMetricFamily("clr_attempts", "Attempts that ended, by outcome", labels=["outcome"])
    for outcome, count in session.execute(select(Attempt.outcome, func.count()).where(ended).group_by(Attempt.outcome)):
        attempts.add_metric([str(outcome)], count)
    yield attempts
    steps = func.sum(Attempt.last_step - func.coalesce(Attempt.resumed_from_step, 0))
    seconds = func.sum(Attempt.finished_at - Attempt.started_at)
    row = session.execute(select(steps, seconds).where(ended, Attempt.last_step.is_not(None))).one()
    yield SummaryMetricFamily(
        "clr_step_seconds", "Time per optimizer step in ended attempts, including startup and shutdown",
        count_value=int(row[0] or 0), sum_value=float(row[1] or 0.0),
    )  # fmt: skip


def _workers(session: Session) -> Iterator[Metric]:
    workers = queries.live_workers(session)
    yield GaugeMetricFamily("clr_workers", "Live workers", value=len(workers))
    yield GaugeMetricFamily("clr_slots", "Slots of live workers", value=sum(worker.slots for worker in workers))
    troubles = sum(len(worker.troubles or {}) for worker in workers)
    yield GaugeMetricFamily(
        "clr_worker_troubles", "Worker components, and jobs, that the reaper fails on", value=troubles
    )
    held = sum(slots_held(session).values())
    yield GaugeMetricFamily("clr_slots_held", "Slots of jobs that are running or cancelling", value=held)
