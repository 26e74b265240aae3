"""Supervises one attempt: starts the ranks, stores their reports in SQL, ends them, records the result."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from jobs.config.settings import Settings
from jobs.curves import elapsed_time
from jobs.curves.series import Source
from jobs.database import queries
from jobs.database.availability import PASSING
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.errors import JobNotFoundError, StaleAttemptError, TrainingError
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims
from jobs.results.lr_bounds import due_probes
from jobs.spec.runnable import ProbeRun, RangeTestJob
from jobs.status import Status
from worker.attempt import dataset_cache
from worker.attempt.alarm_monitor import AlarmMonitor
from worker.attempt.checkpoint_check import sound_claim
from worker.attempt.conclusion import Conclusion
from worker.attempt.hang_watchdog import HangWatchdog
from worker.attempt.idle_slots import IdleSlotScheduler
from worker.attempt.lease import RETRY_S, HeldLeases, Lease
from worker.attempt.log_tail import LogTail
from worker.attempt.rank_groups import Devices, Groups, IdleSlots
from worker.attempt.report_shipper import ReportShipper
from worker.launch.launcher import Launcher, NotStartedError
from worker.launch.secrets import redaction
from worker.rundir import directory
from worker.rundir.control_files import ask_to_stop
from worker.rundir.failures import of_a_file
from worker.sinks.fan_out import FanOut
from worker.sinks.sink import OpenSink

log = logging.getLogger(__name__)

POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Attempt:
    """The state that the phases of one attempt share, once it is prepared.

    Attributes:
        claim: The job, with the newest sound checkpoint.
        devices: Slots of the first group of ranks.
        lease: Has the signals for the attempt, and knows whether it still owns the job.
        shipper: Turns the reports of the ranks into batches for SQL.
        scheduler: Runs the groups of ranks.
        conclusion: Ends the attempt in SQL.
    """

    claim: Claim
    devices: Devices
    lease: Lease
    shipper: ReportShipper
    scheduler: IdleSlotScheduler
    conclusion: Conclusion

    @property
    def saves_when_stopped(self) -> bool:
        """Whether its ranks write a checkpoint before they end: a training does, unless its result is discarded."""
        return self.claim.kind == "train" and not (self.lease.lost.is_set() or self.lease.torn.is_set())


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Runs claimed jobs. Thread-safe.

    An attempt has four phases: prepare, run the ranks, drain their report, conclude.

    Attributes:
        stopping: Set when this worker shuts down: running jobs are given back.
        redact: Removes secrets from the output of ranks before it is stored.
        kept: Takes devices to quarantine after an attempt, each with a function that says whether it is usable again.
        leases: The leases of the running attempts.
    """

    database: Database
    store: ArtifactStore
    launcher: Launcher
    settings: Settings
    on_cuda: bool
    stopping: threading.Event
    sinks: Mapping[str, OpenSink] = field(default_factory=dict)
    redact: Callable[[str], str] = field(default_factory=redaction)
    kept: dict[int, Callable[[], bool]] = field(default_factory=dict)
    leases: HeldLeases = field(default_factory=HeldLeases)

    def run(self, claim: Claim, devices: Devices, idle_slots: IdleSlots) -> list[str]:
        """Run one attempt to its end. When this returns, its processes have ended and idle slots are given back.

        Returns:
            Ids of jobs that may run now.

        Raises:
            StaleAttemptError: SQL did not answer until the lease expired, so the end of the attempt is not stored.
        """
        lease = Lease(self.database, claim, self.settings.lease_s)
        with lease, self.leases.keeping(claim, lease), ExitStack() as at_the_end:
            at_the_end.callback(directory.tidy, directory.of(self.settings.runs_dir, claim))
            conclusion = Conclusion(self.database, self.store, self.settings, claim)
            try:
                claim = lease.retry(partial(sound_claim, self.database, self.store, claim))
                conclusion = replace(conclusion, claim=claim)
                attempt = self._prepare(conclusion, devices, idle_slots, lease, at_the_end)
                self._run_ranks(attempt)
                self._drain(attempt)
                return self._conclude(attempt)
            except (StaleAttemptError, JobNotFoundError):  # the second error if a user has deleted the job since
                log.warning("%s attempt %s lost its lease; nothing more is written", claim.job_id, claim.attempt)
                conclusion.remove_unnamed_files()
                return []
            except TrainingError as error:
                return lease.retry(partial(conclusion.fail, error.reason, str(error)))
            except NotStartedError as error:
                return lease.retry(partial(conclusion.lose, str(error)))
            except OSError as error:
                log.exception("%s: the run directory or the store cannot be used", claim.job_id)
                found = of_a_file(error)
                return lease.retry(partial(conclusion.fail, found.reason, found.message))

    # Prepare

    def _prepare(
        self,
        conclusion: Conclusion,
        devices: Devices,
        idle_slots: IdleSlots,
        lease: Lease,
        at_the_end: ExitStack,
    ) -> Attempt:
        """Open sinks, and build the reader of the report and the launcher of ranks. No rank runs yet."""
        claim = conclusion.claim
        sinks = FanOut(self.sinks, claim, partial(claims.note, self.database, claim.job_id))
        at_the_end.callback(lambda: sinks.close(self._status_of(claim)))
        run_dir = directory.of(self.settings.runs_dir, claim)
        monitor, trained_s = lease.retry(partial(self._earlier, claim))
        shipper = ReportShipper(
            claim, run_dir, self.store, monitor, sinks, log=LogTail(run_dir, self.redact), base_s=trained_s
        )

        def prepare_group(folder: Path, share: directory.Share) -> None:
            self.write_plan(claim, folder, share)
            if folder != run_dir:
                shipper.follow(folder)

        groups = self.groups(claim, idle_slots)
        lease.ends(groups.end_processes)
        scheduler = IdleSlotScheduler(groups, idle_slots, run_dir, claim.slots, prepare_group)
        return Attempt(claim, devices, lease, shipper, scheduler, conclusion)

    def _earlier(self, claim: Claim) -> tuple[AlarmMonitor, float]:
        """Read from SQL what earlier attempts left: alarms, and the seconds of training up to the checkpoint."""
        with self.database.read() as session:
            source = Source(session, claim.job_id, elapsed_time.METRIC, 0)
            return AlarmMonitor.of(session, claim.job_id), elapsed_time.before(source, claim.resume_step)

    def _status_of(self, claim: Claim) -> str:
        try:
            with self.database.read() as session:
                return queries.get_job(session, claim.job_id).status
        except (*PASSING, JobNotFoundError):
            return Status.RUNNING  # only sinks ask; they keep a run open unless they know that the job has ended

    def groups(self, claim: Claim, idle_slots: IdleSlots) -> Groups:
        """Return the groups of ranks of a claim on this host. None runs yet."""
        return Groups(self.launcher, self.on_cuda, self.kept, idle_slots.give_back, claim.node)

    def write_plan(self, claim: Claim, folder: Path, share: directory.Share | None = None) -> None:
        """Write the plan of a group of ranks into its folder."""
        directory.write_plan(folder, claim, self.settings, self.store.path, share=share)

    # Run the ranks

    def _run_ranks(self, attempt: Attempt) -> None:
        """Run the job, or its replicas, then the probes of each rung in turn."""
        claim, lease, scheduler = attempt.claim, attempt.lease, attempt.scheduler
        probes: Sequence[ProbeRun] = ()
        # Replicas of a job on several nodes run one after the other: idle slots on all nodes would have to be reserved.
        count = claim.job.spec.range_test.replicas if isinstance(claim.job, RangeTestJob) and claim.node is None else 1
        with dataset_cache.in_use(claim.job.conditions.dataset, self.store, self.settings):
            while count:
                try:
                    scheduler.begin(attempt.devices, count, probes)
                    self._follow(attempt)
                finally:
                    scheduler.groups.kill()
                self._ship_the_rest(attempt)
                probes = lease.retry(partial(self._due_probes, attempt))
                count = len(probes)

    def _due_probes(self, attempt: Attempt) -> Sequence[ProbeRun]:
        """Return the probes of the next rung; none if the ranks have no result."""
        if attempt.claim.kind != "lr_find" or attempt.shipper.result is None:
            return ()
        with self.database.read() as session:
            return due_probes(session, queries.get_job(session, attempt.claim.job_id))

    def _follow(self, attempt: Attempt) -> None:
        """Ship the reports of the ranks until they have ended, or must end."""
        claim, lease, scheduler = attempt.claim, attempt.lease, attempt.scheduler
        pause_until, ranks = 0.0, scheduler.groups
        watchdog = HangWatchdog(claim, self.settings.hang_floor_s, partial(claims.record, self.database, claim))
        while ranks.are_working():
            if self.stopping.is_set() or lease.ends_attempt:
                self._stop(attempt)
                return
            if watchdog.must_end(ranks.running, attempt.shipper.done or claim.resume_step):
                return
            if time.monotonic() >= pause_until:
                try:
                    scheduler.tend()
                    if scheduler.reported_slots != scheduler.slots:
                        claims.hold(self.database, claim, slots=scheduler.slots)
                        scheduler.reported_slots = scheduler.slots
                    self._ship(attempt)
                except PASSING:
                    log.warning("%s: SQL does not answer; metrics wait", claim.job_id)
                    pause_until = time.monotonic() + RETRY_S
            time.sleep(POLL_S)

    def _stop(self, attempt: Attempt) -> None:
        """End the ranks. A training saves a checkpoint first.

        The time limit is ``stop_grace_s`` if the worker shuts down, and ``cancel_deadline_s`` after a cancel or a
        deadline.
        """
        settings, lease, ranks, begun = self.settings, attempt.lease, attempt.scheduler.groups, time.monotonic()
        if attempt.saves_when_stopped and not lease.kill.is_set():
            ask_to_stop(attempt.shipper.run_dir)
            while ranks.is_alive() and not (lease.kill.is_set() or lease.lost.is_set() or lease.torn.is_set()):
                allowed_s = settings.stop_grace_s if self.stopping.is_set() else settings.cancel_deadline_s
                if time.monotonic() - begun >= allowed_s:
                    break
                time.sleep(POLL_S)
        if lease.kill.is_set():
            ranks.kill()
        else:
            ranks.stop(max(begun + settings.stop_grace_s - time.monotonic(), 0.0))

    # Drain the report

    def _drain(self, attempt: Attempt) -> None:
        """Ship the rest of the report and of the logs."""
        attempt.shipper.end_log()
        self._ship_the_rest(attempt)

    def _ship_the_rest(self, attempt: Attempt) -> None:
        if not attempt.lease.lost.is_set():
            attempt.lease.retry(partial(self._ship, attempt))

    def _ship(self, attempt: Attempt) -> None:
        """Write batches to SQL until none are left."""
        while (batch := attempt.shipper.next_batch()) and not attempt.lease.lost.is_set():
            claims.record(self.database, attempt.claim, batch)
            if batch.checkpoint or batch.files:
                attempt.conclusion.remove_unnamed_files()
            attempt.shipper.shipped()

    # Conclude

    def _conclude(self, attempt: Attempt) -> list[str]:
        shipper, lease = attempt.shipper, attempt.lease
        return lease.retry(
            lambda: attempt.conclusion.conclude(
                shipper.result, shipper.run_dir, lease, is_stopping=self.stopping.is_set()
            )
        )
