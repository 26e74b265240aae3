"""Turns the lines of a report into batches for SQL. A batch that could not be written is offered again."""

from pathlib import Path
from typing import Any

from jobs.artifacts import ArtifactStore
from jobs.rows import Batch, Claim, MetricPoint
from worker.rundir import ReportTail

LATEST = ("train_loss", "lr", "momentum", "val_loss", "val_accuracy", "val_r2", "samples_per_s")


class Shipper:
    """Collects what rank 0 reports.

    Attributes:
        result: The last line of a report that came to its end, else None.
    """

    def __init__(self, claim: Claim, run_dir: Path, store: ArtifactStore) -> None:
        self._claim, self._run_dir, self._store = claim, run_dir, store
        self._tail = ReportTail(run_dir)
        self._lines: list[dict[str, Any]] = []
        self._batch = Batch()
        self.result: dict[str, Any] | None = None

    def next_batch(self) -> Batch:
        """What is to be written next, up to and with one checkpoint; empty where there is nothing new.

        A checkpoint is written together with all metrics before it, so that a resumed curve has no gap.

        Raises:
            OSError: A checkpoint could not be stored.
        """
        if self._batch:
            return self._batch
        self._lines += self._tail.read()
        while self._lines and self._batch.checkpoint is None:
            line = self._lines.pop(0)
            getattr(self, f"_take_{line['type']}")(line)
        return self._batch

    def shipped(self) -> None:
        """The batch stands in SQL."""
        self._batch = Batch()

    def _take_plan(self, line: dict[str, Any]) -> None:
        self._batch.progress["total_steps"] = line["total_steps"]
        self._batch.resolved |= line["resolved"]

    def _take_points(self, line: dict[str, Any]) -> None:
        replica = line.get("replica", 0)
        for metric, values in line["values"].items():
            self._batch.points += [
                MetricPoint(metric, replica, step, float(value))
                for step, value in zip(line["steps"], values, strict=True)
            ]
            last = self._batch.points[-1].row("")["value"]
            if metric in LATEST:
                self._batch.latest[metric] = last
        self._batch.progress |= {"step": line["done"], "epoch": line.get("epoch")}

    def _take_checkpoint(self, line: dict[str, Any]) -> None:
        local = self._run_dir / line["file"]
        key = f"{self._claim.job_id}/checkpoints/attempt-{self._claim.attempt}-step-{line['step']}.pt"
        self._batch.checkpoint = self._store.put(key, local)
        self._batch.checkpoint_step = line["step"]
        local.unlink()

    def _take_result(self, line: dict[str, Any]) -> None:
        self.result = line["result"]
