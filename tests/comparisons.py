"""Comparisons for tests: submitted, reported on, ended and read."""

from typing import Any

from jobs.database import queries
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.lifecycle import claims, finish
from jobs.results.comparison import comparison
from jobs.spec.runnable import TrainingJob
from jobs.submission import submit
from tests.builders import compare_spec, one_cycle

AUTO = [
    {"name": "fast", "schedule": one_cycle("auto"), "steps": 20},
    {"name": "slow", "schedule": {"name": "constant", "lr": 0.05}, "steps": 80},
]
TWO: dict[str, Any] = {"equal_budget_arms": False}
FAST, SLOW = [0.2, 0.6, 0.7, 0.8], [0.1, 0.5, 0.6, 0.75]  # after each quarter of the steps


def submitted(database: Database, **changes: Any) -> str:
    return submit.submit(database, compare_spec(**changes)).job_id


def children(database: Database, parent: str) -> list[Job]:
    with database.read() as session:
        return [queries.get_job(session, child) for child in queries.children_of(session, parent)]


def document(database: Database, parent: str) -> dict[str, Any]:
    with database.read() as session:
        return comparison(session, queries.get_job(session, parent))


def steps_of(mine: Claim) -> int:
    assert isinstance(mine.job, TrainingJob)
    assert mine.job.spec.steps is not None
    return mine.job.spec.steps


def evaluated(database: Database, mine: Claim, accuracies: list[float], step_s: float = 0.1) -> None:
    """Report a whole training that was evaluated after each equal part of its steps."""
    steps = steps_of(mine)
    points = [MetricPoint("elapsed_s", 0, step, (step + 1) * step_s) for step in range(3, steps, 4)]
    for part, value in enumerate(accuracies, start=1):
        points.append(MetricPoint("val_accuracy", 0, part * steps // len(accuracies) - 1, value))
    claims.record(database, mine, Batch(points=points, progress={"step": steps}))


def succeed(database: Database, mine: Claim, accuracies: list[float]) -> None:
    evaluated(database, mine, accuracies)
    finish.succeed(database, mine, {"final": {"val_accuracy": accuracies[-1], "val_loss": 1 - accuracies[-1]}})


def arm(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["arms"] if each["name"] == name)
