"""Turns the lines of a report into batches for SQL. A batch that could not be written is tried again."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from jobs.curves.elapsed_time import METRIC
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.files import downloads
from jobs.files.artifacts import ArtifactStore
from worker.attempt.alarm_monitor import AlarmMonitor
from worker.attempt.log_tail import LogTail
from worker.rundir.report import ReportTail
from worker.rundir.report_lines import (
    AlarmLine,
    CheckpointLine,
    FileLine,
    NoteLine,
    PlanLine,
    PointsLine,
    ReportLine,
    ResultLine,
)
from worker.sinks.fan_out import FanOut


class Clock:
    """Makes a point of the time at the last step of a line, and for the first line of a replica at its first step.

    Args:
        base_s: Seconds that earlier attempts have trained up to where this one goes on.
    """

    def __init__(self, base_s: float) -> None:
        self._base_s = base_s
        self._last: dict[int, int] = {}

    def points(self, line: PointsLine) -> Iterator[MetricPoint]:
        """Points of a ``points`` line; none where it tells more of steps that are known already."""
        steps, replica, (since_s, until_s) = line.steps, line.replica, line.clock
        if steps[-1] <= self._last.get(replica, -1):
            return
        if replica not in self._last and len(steps) > 1:
            first_s = since_s + (until_s - since_s) / len(steps)
            yield MetricPoint(METRIC, replica, steps[0], self._base_s + first_s)
        self._last[replica] = steps[-1]
        yield MetricPoint(METRIC, replica, steps[-1], self._base_s + until_s)


LOG_INTERVAL_S: Final = 0.25  # between two looks at the log
LATEST = (
    "train_loss", "lr", "momentum", "gradient_norm", "noise_scale", "val_loss", "val_accuracy", "val_r2",
    "generalisation_gap", "samples_per_s",
)  # fmt: skip


class ReportShipper:
    """Collects what rank 0 of each group of ranks reports.

    Args:
        claim: Whose report it is.
        run_dir: Where the report and its files lie.
        store: Takes checkpoints and other files.
        monitor: Looks at the metrics on their way and raises alarms.
        sinks: Take the metrics too, once they stand in SQL.
        log: Has what the processes write.
        base_s: Seconds that earlier attempts have trained up to where this one goes on.

    Attributes:
        run_dir: Where the report and its files lie.
    """

    def __init__(  # noqa: PLR0913 - all that an attempt is watched with
        self, claim: Claim, run_dir: Path, store: ArtifactStore, monitor: AlarmMonitor | None = None,
        sinks: FanOut | None = None, *, log: LogTail | None = None, base_s: float = 0.0,
    ) -> None:  # fmt: skip
        self._claim, self.run_dir, self._store, self._sinks = claim, run_dir, store, sinks
        self._monitor = monitor or AlarmMonitor()
        self._clock = Clock(base_s)
        self._unstored: OSError | None = None
        self._tails = [ReportTail(run_dir)]
        self._log, self._log_read, self._ranks_are_gone = log, 0.0, False
        self._done: dict[int, int] = {}  # steps, by group
        self._results: dict[int, dict[str, Any]] = {}
        self._lines: list[tuple[int, ReportLine]] = []
        self._batch = Batch(number=1)

    @property
    def result(self) -> dict[str, Any] | None:
        """The last line of the first group's report, where the reports of all groups came to their end, else None."""
        return self._results.get(0) if len(self._results) == len(self._tails) else None

    @property
    def done(self) -> int:
        """Finished steps of all groups, as far as they have reported."""
        return sum(self._done.values())

    def follow(self, folder: Path) -> None:
        """Collect what a further group of ranks reports too."""
        self._tails.append(ReportTail(folder))

    def next_batch(self) -> Batch:
        """What is to be written next, up to and with one checkpoint; empty where there is nothing new.

        A checkpoint is written together with all metrics before it, so that a resumed curve has no gap.

        Raises:
            OSError: A file could not be stored; the metrics before it have been offered by then.
        """
        if self._batch:
            return self._batch
        self._take_log()
        if self._unstored is not None and not self._batch:
            raise self._unstored
        self._lines += [(group, line) for group, tail in enumerate(self._tails) for line in tail.read()]
        while self._lines and self._batch.checkpoint is None and self._unstored is None:
            group, line = self._lines.pop(0)
            try:
                self._take(line, group)
            except OSError as error:
                self._unstored = error
        if self._unstored is not None and not self._batch:
            raise self._unstored
        return self._batch

    def shipped(self) -> None:
        """The batch stands in SQL."""
        if self._sinks is not None:
            self._sinks.write(self._batch.points)
        self._batch = Batch(number=(self._batch.number or 0) + 1)

    def end_log(self) -> None:
        """No process writes any more: what they wrote last is shipped with the next batch, whole lines or not."""
        self._ranks_are_gone = True

    def _take_log(self) -> None:
        now = time.monotonic()
        if self._log is not None and (self._ranks_are_gone or now - self._log_read >= LOG_INTERVAL_S):
            self._log_read = now
            self._batch.lines += self._log.read(is_last=self._ranks_are_gone)

    def _take(self, line: ReportLine, group: int) -> None:
        match line:
            case PlanLine():
                self._take_plan(line)
            case PointsLine():
                self._take_points(line, group)
            case CheckpointLine():
                self._take_checkpoint(line)
            case FileLine():
                self._take_file(line)
            case AlarmLine():
                self._batch.alarms.append(line.alarm)
            case NoteLine():
                self._batch.notes.append((line.kind, line.data))
            case ResultLine():
                self._results[group] = line.result

    def _take_plan(self, line: PlanLine) -> None:
        self._batch.progress["total_steps"] = line.total_steps
        if line.resolved.document():
            self._batch.facts = line.resolved

    def _take_points(self, line: PointsLine, group: int) -> None:
        for metric, values in line.values.items():
            self._batch.points += [
                MetricPoint(metric, line.replica, step, value) for step, value in zip(line.steps, values, strict=True)
            ]
            last = self._batch.points[-1].row("")["value"]
            if metric in LATEST:
                self._batch.latest[metric] = last
        self._batch.points += self._clock.points(line)
        if line.replica == 0 and self._claim.kind == "train":
            self._batch.alarms += self._monitor.see(line)
        self._done[group] = line.done
        self._batch.progress |= {"step": self.done, "epoch": line.epoch}

    def _take_checkpoint(self, line: CheckpointLine) -> None:
        local = self.run_dir / line.file
        key = downloads.checkpoint_key(self._claim, line.step)
        self._batch.checkpoint = self._store.put(key, local)
        self._batch.checkpoint_step, self._batch.checkpoint_is_best = line.step, line.best
        local.unlink()

    def _take_file(self, line: FileLine) -> None:
        local = self.run_dir / line.file
        key = downloads.file_key(self._claim, local.name)
        self._batch.files.append((line.kind, line.step, self._store.put(key, local)))
        local.unlink()
