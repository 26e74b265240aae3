"""Watches the curve of a training before it goes to SQL, and raises the findings of `clr_core.diagnosis` as alarms.

It keeps one entry an evaluation, never one a step, so that a long job does not make the worker grow.
"""

import math
from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy.orm import Session

from clr_core.diagnosis import Evaluation, Finding, diagnose, diverged_at
from jobs.database import queries
from worker.rundir.report_lines import PointsLine

EACH_OF_FIRST = 100


class AlarmMonitor:
    """Takes the lines of a report and says what is new and wrong.

    Args:
        evaluations: Those that stand in SQL already, where an attempt resumes.
    """

    def __init__(self, evaluations: Sequence[Evaluation] = ()) -> None:
        self._evaluations = list(evaluations)
        self._lr = math.nan
        self._raised: set[str] = set()

    @classmethod
    def of(cls, session: Session, job_id: str) -> Self:
        """A monitor that goes on after the evaluations that a job has in SQL."""
        gaps = _finite(session, job_id, "generalisation_gap")
        rates = _finite(session, job_id, "lr") if gaps else {}
        losses = _finite(session, job_id, "val_loss") if gaps else {}
        return cls([
            Evaluation(step, losses[step] - gap, losses[step], rates[step])
            for step, gap in gaps.items()
            if step in losses and step in rates
        ])  # fmt: skip

    def see(self, line: PointsLine) -> list[dict[str, Any]]:
        """Look at one ``points`` line; alarms as documents, each code once."""
        values, steps = line.values, line.steps
        found: list[Finding] = []
        if "lr" in values:
            self._lr = values["lr"][-1]
            exploded = diverged_at(steps, values["train_loss"], values["lr"])
            found += [] if exploded is None else [exploded]
        if "generalisation_gap" in values:
            val_loss, gap = values["val_loss"][-1], values["generalisation_gap"][-1]
            self._evaluations.append(Evaluation(steps[-1], val_loss - gap, val_loss, self._lr))
            found += diagnose(self._evaluations) if self._is_worth_a_look() else []
        fresh = [finding for finding in found if finding.code not in self._raised]
        self._raised |= {finding.code for finding in fresh}
        return [finding.to_dict() for finding in fresh]

    def _is_worth_a_look(self) -> bool:
        """Each of the first hundred evaluations, then every hundredth part more: a look takes time with each."""
        count = len(self._evaluations)
        return count <= EACH_OF_FIRST or count % (count // EACH_OF_FIRST) == 0


def _finite(session: Session, job_id: str, metric: str) -> dict[int, float]:
    return {step: value for step, value, _ in queries.series(session, job_id, metric, 0) if value is not None}
