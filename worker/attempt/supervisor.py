"""Supervises one attempt: starts the ranks, stores their reports in SQL, ends them, records the result."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from jobs.config.settings import Settings
from jobs.curves import elapsed_time
from jobs.curves.series import Source
from jobs.database import queries
from jobs.database.availability import PASSING
from jobs.database.records import Batch, Claim
from jobs.database.session import Database
from jobs.errors import JobNotFoundError, StaleAttemptError, TrainingError
from jobs.files import downloads
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, damaged_checkpoints, finish
from jobs.results.lr_bounds import due_probes
from jobs.scheduling import node_reservations
from jobs.scheduling.deadlines import Backoff
from jobs.status import Outcome, Reason, Status
from worker.attempt import dataset_cache
from worker.attempt.alarm_monitor import AlarmMonitor
from worker.attempt.checkpoint_check import sound_claim
from worker.attempt.hang_watchdog import HangWatchdog
from worker.attempt.held_leases import HeldLeases
from worker.attempt.idle_slots import IdleSlotScheduler
from worker.attempt.lease import Lease
from worker.attempt.log_tail import LogTail
from worker.attempt.rank_groups import Groups, IdleSlots
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
RETRY_S = 0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Runs claimed jobs; any number of threads may use it at the same time.

    Attributes:
        stopping: Set when this worker is to end: running jobs are handed back.
        redact: Takes secrets out of what ranks write, before it is stored.
        kept: Devices of attempts that are over which are not to be used now, with what says that they may be again.
        leases: Those of the attempts that run.
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

    def run(self, claim: Claim, devices: tuple[int, ...], idle_slots: IdleSlots) -> list[str]:
        """Run one attempt to its end. When this returns its processes are gone, and idle slots given back.

        Returns:
            Ids of jobs that may run now.
        """
        run_dir = directory.of(self.settings.runs_dir, claim)
        with Lease(self.database, claim, self.settings.lease_s) as lease, self.leases.keeping(claim, lease):
            sinks: FanOut | None = None
            try:
                claim = self.retry_while_leased(lease, partial(sound_claim, self.database, self.store, claim))
                sinks = FanOut(self.sinks, claim, self._tell(claim))
                shipper = self._shipper(claim, run_dir, lease, sinks)
                scheduler = self._scheduler(claim, shipper, idle_slots)
                lease.ends(scheduler.groups.end_processes)
                return self._attempt(claim, devices, scheduler, shipper, lease)
            except (StaleAttemptError, JobNotFoundError):  # the second where a user has deleted it since
                log.warning("%s attempt %s lost its lease; nothing more is written", claim.job_id, claim.attempt)
                self._remove_unnamed(claim)
                return []
            except TrainingError as error:
                return self.retry_while_leased(lease, partial(self._fail, claim, error.reason, str(error)))
            except NotStartedError as error:
                return self.retry_while_leased(lease, partial(self._lose, claim, str(error)))
            except OSError as error:
                log.exception("%s: the run directory or the store cannot be used", claim.job_id)
                found = of_a_file(error)
                return self.retry_while_leased(lease, partial(self._fail, claim, found.reason, found.message))
            finally:
                directory.tidy(run_dir)
                if sinks is not None:
                    sinks.close(self._status_of(claim))

    def _tell(self, claim: Claim) -> Callable[[str, dict[str, Any]], None]:
        return lambda kind, data: claims.note(self.database, claim.job_id, kind, data)

    def _fail(self, claim: Claim, reason: Reason, message: str) -> list[str]:
        """End the attempt; the job fails only if another attempt would fail for the same reason."""
        if reason is Reason.WORKER_LOST:
            return self._lose(claim, message)
        if reason is Reason.DISK_FULL:
            log.warning("%s: %s", claim.job_id, message)
            return self._give_back(claim, Outcome.DISK_FULL, message)
        if reason is not Reason.CHECKPOINT_DAMAGED:
            return finish.fail(self.database, claim, reason, message)
        log.warning("%s: %s", claim.job_id, message)
        settings = self.settings
        backoff = Backoff(settings.backoff_s, settings.max_backoff_s)
        return damaged_checkpoints.give_back(
            self.database, claim, message, max_attempts=settings.max_attempts, backoff=backoff
        )  # fmt: skip

    def _shipper(self, claim: Claim, run_dir: Path, lease: Lease, sinks: FanOut) -> ReportShipper:
        def earlier() -> tuple[AlarmMonitor, float]:
            with self.database.read() as session:
                trained_s = elapsed_time.before(
                    Source(session, claim.job_id, elapsed_time.METRIC, 0), claim.resume_step
                )
                return AlarmMonitor.of(session, claim.job_id), trained_s

        log_tail = LogTail(run_dir, self.redact)
        monitor, trained_s = self.retry_while_leased(lease, earlier)
        return ReportShipper(claim, run_dir, self.store, monitor, sinks, log=log_tail, base_s=trained_s)

    def _status_of(self, claim: Claim) -> str:
        try:
            with self.database.read() as session:
                return queries.get_job(session, claim.job_id).status
        except (*PASSING, JobNotFoundError):
            return Status.RUNNING  # sinks alone ask; they leave open what they do not know to have ended

    def _scheduler(self, claim: Claim, shipper: ReportShipper, idle_slots: IdleSlots) -> IdleSlotScheduler:
        def prepare(folder: Path, share: directory.Share) -> None:
            self.write_plan(claim, folder, share)
            if folder != shipper.run_dir:
                shipper.follow(folder)

        return IdleSlotScheduler(self.groups(claim, idle_slots), idle_slots, shipper.run_dir, claim.slots, prepare)

    def groups(self, claim: Claim, idle_slots: IdleSlots) -> Groups:
        """The groups of ranks of a claim on this host; none runs yet."""
        return Groups(self.launcher, self.on_cuda, self.kept, idle_slots.give_back, claim.node)

    def write_plan(self, claim: Claim, folder: Path, share: directory.Share | None = None) -> None:
        """Write what a group of ranks is to do into its folder."""
        resume = None if claim.resume_key is None else self.store.path(claim.resume_key)
        start = None if claim.start_key is None else self.store.path(claim.start_key)
        directory.write_plan(folder, claim, self.settings, resume, start, share=share)

    def _due_probes(self, claim: Claim) -> list[dict[str, Any]]:
        if claim.kind != "lr_find":
            return []
        with self.database.read() as session:
            return due_probes(session, queries.get_job(session, claim.job_id))

    def _attempt(
        self, claim: Claim, devices: tuple[int, ...], scheduler: IdleSlotScheduler, shipper: ReportShipper, lease: Lease
    ) -> list[str]:
        run_dir = shipper.run_dir
        try:
            with dataset_cache.in_use(claim.spec["conditions"]["dataset"], self.store, self.settings):
                self._do_pieces(claim, devices, scheduler, shipper, lease)
        finally:
            shipper.end_log()
        if not lease.lost.is_set():
            self.retry_while_leased(lease, lambda: self._ship(shipper, claim, lease))
        return self.retry_while_leased(lease, lambda: self._conclude(claim, shipper.result, run_dir, lease))

    def _do_pieces(
        self, claim: Claim, devices: tuple[int, ...], scheduler: IdleSlotScheduler, shipper: ReportShipper, lease: Lease
    ) -> None:
        """Run the job, or its replicas, and then the probes of one rung after the other."""
        probes: list[dict[str, Any]] = []
        # Replicas of a job on several nodes run one after the other: idle slots would have to be gathered, too.
        count = claim.spec["range_test"]["replicas"] if claim.kind == "lr_find" and claim.node is None else 1
        while count:
            try:
                scheduler.begin(devices, count, probes)
                self._follow(scheduler, shipper, claim, lease)
            finally:
                scheduler.groups.kill()
            if not lease.lost.is_set():
                self.retry_while_leased(lease, lambda: self._ship(shipper, claim, lease))
            probes = (
                self.retry_while_leased(lease, lambda: self._due_probes(claim)) if shipper.result is not None else []
            )
            count = len(probes)

    def _stop(self, ranks: Groups, run_dir: Path | None, lease: Lease) -> None:
        """End the ranks; those of a training, whose run directory is given, save first.

        A worker that is to end has ``stop_grace_s`` for it, a user's cancel and a deadline ``cancel_deadline_s``.
        """
        settings, begun = self.settings, time.monotonic()
        if run_dir is not None and not lease.kill.is_set():
            ask_to_stop(run_dir)
            while ranks.is_alive() and not (lease.kill.is_set() or lease.lost.is_set() or lease.torn.is_set()):
                allowed_s = settings.stop_grace_s if self.stopping.is_set() else settings.cancel_deadline_s
                if time.monotonic() - begun >= allowed_s:
                    break
                time.sleep(POLL_S)
        if lease.kill.is_set():
            ranks.kill()
        else:
            ranks.stop(max(begun + settings.stop_grace_s - time.monotonic(), 0.0))

    def _follow(self, scheduler: IdleSlotScheduler, shipper: ReportShipper, claim: Claim, lease: Lease) -> None:
        pause_until, ranks = 0.0, scheduler.groups
        watchdog = HangWatchdog(
            claim, self.settings.hang_floor_s, lambda batch: claims.record(self.database, claim, batch)
        )
        while ranks.are_working():
            if self.stopping.is_set() or lease.ends_attempt:
                saves = claim.kind == "train" and not (lease.lost.is_set() or lease.torn.is_set())
                self._stop(ranks, shipper.run_dir if saves else None, lease)
                return
            if watchdog.must_end(ranks.running, shipper.done or claim.resume_step):
                return
            if time.monotonic() >= pause_until:
                try:
                    scheduler.tend()
                    if scheduler.reported_slots != scheduler.slots:
                        claims.hold(self.database, claim, slots=scheduler.slots)
                        scheduler.reported_slots = scheduler.slots
                    self._ship(shipper, claim, lease)
                except PASSING:
                    log.warning("%s: SQL takes nothing; metrics wait", claim.job_id)
                    pause_until = time.monotonic() + RETRY_S
            time.sleep(POLL_S)

    def _ship(self, shipper: ReportShipper, claim: Claim, lease: Lease) -> None:
        batch: Batch
        while (batch := shipper.next_batch()) and not lease.lost.is_set():
            claims.record(self.database, claim, batch)
            if batch.checkpoint or batch.files:
                self._remove_unnamed(claim)
            shipper.shipped()

    def _remove_unnamed(self, claim: Claim) -> None:
        """Remove files that no row names: replaced ones, and those of attempts that were lost before they said so."""
        try:
            with self.database.read() as session:
                keys = downloads.unnamed(session, self.store, claim)
            for key in keys:
                self.store.delete(key)
        except (*PASSING, OSError):
            log.warning("%s: files that no row names are left to the next attempt", claim.job_id, exc_info=True)

    def _conclude(self, claim: Claim, result: dict[str, Any] | None, run_dir: Path, lease: Lease) -> list[str]:
        if lease.lost.is_set():
            raise StaleAttemptError(claim.job_id, claim.attempt)
        if result is not None:
            return finish.succeed(self.database, claim, result)
        if lease.cancel.is_set():
            return finish.cancelled(self.database, claim)
        if lease.overdue.is_set():
            return finish.ran_too_long(self.database, claim)
        if self.stopping.is_set() or (lease.leaving.is_set() and not lease.torn.is_set()):
            return self._give_back(claim, Outcome.HANDED_BACK)
        return self._failed(claim, run_dir)

    def _failed(self, claim: Claim, run_dir: Path) -> list[str]:
        found = directory.failures(run_dir)
        if claim.node is not None:
            found += self._failures_of_others(claim)
        found.sort(key=lambda failure: failure["rank_of_cause"])
        if not found:  # whoever fails says so, and did not get to it
            return self._lose(claim, "the agent of the ranks, or the forkserver, was killed, and the ranks with it")
        cause = found[0]
        reason, message = Reason(cause["reason"]), cause["message"]
        if reason is Reason.DIVERGED and finish.start_again(self.database, claim, message):
            self._remove_unnamed(claim)
            return [claim.job_id]
        return self._fail(claim, reason, message)

    def _failures_of_others(self, claim: Claim) -> list[dict[str, Any]]:
        """Why other nodes failed, waiting until all say: ranks that failed here may only have missed theirs.

        A lost node is known by its reservation, which holds for one lease.
        """
        deadline = time.monotonic() + self.settings.lease_s + RETRY_S
        while True:
            with self.database.read() as session:
                found, all_ended = node_reservations.failures_of_others(session, claim)
            if all_ended or time.monotonic() > deadline:
                return found
            time.sleep(RETRY_S / 5)

    def _lose(self, claim: Claim, cause: str) -> list[str]:
        log.warning("%s attempt %s is lost: %s", claim.job_id, claim.attempt, cause)
        return self._give_back(claim, Outcome.WORKER_LOST, cause)

    def _give_back(self, claim: Claim, outcome: Outcome, cause: str | None = None) -> list[str]:
        settings = self.settings
        backoff = Backoff(settings.backoff_s, settings.max_backoff_s)
        return finish.give_back(
            self.database, claim, outcome, max_attempts=settings.max_attempts, backoff=backoff, cause=cause
        )  # fmt: skip

    @staticmethod
    def retry_while_leased(lease: Lease, write: Callable[[], T]) -> T:
        """Repeat a write while SQL does not answer and the lease holds.

        Raises:
            StaleAttemptError: SQL did not answer for so long that the lease may have run out.
        """
        while True:
            try:
                return write()
            except PASSING as error:
                if lease.lost.is_set():
                    raise StaleAttemptError(lease.claim.job_id, lease.claim.attempt) from error
                log.warning("SQL takes nothing; trying again", exc_info=True)
                time.sleep(RETRY_S)
