"""The report of rank 0 to the supervisor: lines of JSON, appended to ``report.jsonl`` in order."""

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import JsonValue

from jobs.spec.resolved import RangeTestFacts, TrainingFacts
from worker.rundir import rank_log
from worker.rundir.activity import activity
from worker.rundir.report_lines import (
    AlarmLine,
    CheckpointLine,
    FileLine,
    NoteLine,
    PlanLine,
    PointsLine,
    ReportLine,
    ResultLine,
    report_line,
)


class Report:
    """Appends lines to the report on rank 0; does nothing on other ranks.

    Args:
        folder: The run directory.
        writes: Whether this is rank 0.
    """

    def __init__(self, folder: Path, *, writes: bool) -> None:
        self.folder = folder
        self.writes = writes
        self._started, self._reported_s = time.monotonic(), 0.0
        self._file = (folder / "report.jsonl").open("a") if writes else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def plan(self, total_steps: int, facts: TrainingFacts | RangeTestFacts) -> None:
        """Report the length of the job and what ranks have found out about it. Later times count from this call."""
        self._started, self._reported_s = time.monotonic(), 0.0
        self._write(PlanLine(total_steps=total_steps, resolved=facts))

    def points(
        self,
        steps: list[int],
        values: dict[str, list[float]],
        *,
        done: int,
        epoch: float | None = None,
        replica: int = 0,
    ) -> None:
        """Report metrics of some steps: one value for each step and metric. ``done`` counts finished steps.

        The line also has the times at which those steps began and ended, in seconds since the plan.
        """
        since_s, self._reported_s = self._reported_s, time.monotonic() - self._started
        clock = (since_s, self._reported_s)
        self._write(PointsLine(steps=steps, values=values, done=done, epoch=epoch, replica=replica, clock=clock))

    def checkpoint(self, step: int, file: str, *, best: bool) -> None:
        """Report a complete checkpoint file, taken after ``step`` steps; ``best`` marks the best evaluation so far."""
        self._write(CheckpointLine(step=step, file=file, best=best))

    def file(self, kind: str, step: int, file: str) -> None:
        """Report a complete file to keep: the ``model`` after ``step`` steps, or its ``card``."""
        self._write(FileLine(kind=kind, step=step, file=file))

    def alarm(self, alarm: dict[str, JsonValue]) -> None:
        """Report a finding about the curve that the user can act on; see `clr_core.diagnosis.Finding`."""
        self._write(AlarmLine(alarm=alarm))

    def note(self, kind: str, data: dict[str, JsonValue]) -> None:
        """Report something that readers of the job's events should know."""
        self._write(NoteLine(kind=kind, data=data))

    def result(self, result: dict[str, Any]) -> None:
        """Report the result, which is the last line."""
        self._write(ResultLine(result=result))
        activity.at("done")

    def _write(self, line: ReportLine) -> None:
        if self._file is not None:
            self._file.write(line.model_dump_json() + "\n")
            self._file.flush()
            rank_log.tell(line)


class ReportTail:
    """Reads the complete lines that rank 0 has added to ``report.jsonl`` since the last call."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "report.jsonl"
        self._offset = 0

    def read(self) -> list[ReportLine]:
        """New lines as documents, in order; an incomplete line is left for the next call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        complete = text[: text.rfind(b"\n") + 1]
        self._offset += len(complete)
        return [report_line.validate_json(line) for line in complete.splitlines()]
