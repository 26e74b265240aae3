"""What holds for every job, whatever happened to it: states, attempts, curves, roll-ups. SQL alone is read."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, text

from jobs.spec.job import TrainSpec, job_spec
from jobs.spec.resolved import ResolvedTraining
from jobs.spec.schedules.builder import Length, build_schedule
from tests.chaos.final_state import document

TERMINAL = {"succeeded", "failed", "cancelled"}
REL_TOL = 1e-9


class Invariants:
    """Reads one database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, query: str, **values: Any) -> list[Any]:
        """All rows of a query."""
        return list(self._connection.execute(text(query), values).mappings())

    def violations(self, accepted: list[str]) -> Iterator[str]:
        """What is wrong, in words."""
        jobs = {row["id"]: row for row in self.rows("SELECT * FROM jobs")}
        yield from (f"{job_id} was accepted and is gone" for job_id in accepted if job_id not in jobs)
        for job in jobs.values():
            yield from self._of_state(job)
            yield from self._of_attempts(job)
            if job["kind"] in {"lr_find", "train"}:
                yield from self._of_curves(job)
        yield from self._of_roll_ups()
        yield from self._of_workers()

    def _of_state(self, job: Any) -> Iterator[str]:
        if job["status"] not in TERMINAL:
            yield f"{job['id']} is {job['status']}, not terminal"
        if job["status"] in TERMINAL and (job["finished_at"] is None or job["lease_expires_at"] is not None):
            yield f"{job['id']} has ended but still holds a lease, or does not say when it ended"
        if (job["status"] == "failed") != (job["error"] is not None):
            yield f"{job['id']} is {job['status']} and its error is {job['error']}"
        ends = [
            row["type"]
            for row in self.rows("SELECT type FROM events WHERE job_id = :id ORDER BY seq", id=job["id"])
            if row["type"] in TERMINAL
        ]
        if job["status"] in TERMINAL and ends != [job["status"]]:
            yield f"{job['id']} is {job['status']}, but its events say {ends}"

    def _of_attempts(self, job: Any) -> Iterator[str]:
        attempts = self.rows("SELECT * FROM attempts WHERE job_id = :id ORDER BY number", id=job["id"])
        if [row["number"] for row in attempts] != list(range(1, len(attempts) + 1)) or len(attempts) != job["attempt"]:
            yield f"{job['id']} has attempts {[row['number'] for row in attempts]}, and its row says {job['attempt']}"
        for row in attempts:
            if row["outcome"] is None or row["finished_at"] is None:
                yield f"{job['id']} attempt {row['number']} has no outcome"
        good = [row["number"] for row in attempts if row["outcome"] == "succeeded"]
        if attempts and job["status"] == "succeeded" and good != [len(attempts)]:
            yield f"{job['id']} succeeded, and the attempts that did are {good} of {len(attempts)}"
        for earlier, later in pairwise(attempts):
            if earlier["finished_at"] is not None and later["started_at"] < earlier["finished_at"]:
                yield f"{job['id']} attempt {later['number']} began before attempt {earlier['number']} had ended"

    def _of_curves(self, job: Any) -> Iterator[str]:
        points = self.rows(
            "SELECT metric, replica, step, value FROM points WHERE job_id = :id ORDER BY metric, replica, step",
            id=job["id"],
        )
        steps: dict[tuple[str, int], list[int]] = defaultdict(list)
        for row in points:
            steps[row["metric"], row["replica"]].append(row["step"])
        for (metric, replica), found in steps.items():
            if metric in {"train_loss", "lr"} and found != list(range(len(found))):
                yield f"{job['id']} {metric} of replica {replica} has gaps: {len(found)} steps up to {found[-1]}"
        if job["status"] != "succeeded":
            return
        if job["kind"] == "train":
            yield from self._of_rates(job, [row["value"] for row in points if row["metric"] == "lr"])
        if job["kind"] == "lr_find" and {replica for _, replica in steps} != set(range(_replicas(job))):
            yield f"{job['id']} succeeded without all of its replicas"

    def _of_rates(self, job: Any, lrs: list[float]) -> Iterator[str]:
        spec = job_spec.validate_python(document(job["spec"]))
        assert isinstance(spec, TrainSpec)
        resolved = ResolvedTraining.model_validate(document(job["resolved"]))
        length = Length(resolved.total_steps or 0, resolved.steps_per_epoch or 0.0)
        momentum = spec.conditions is not None and spec.conditions.optimizer.cycles_momentum
        schedule = build_schedule(spec.schedule, resolved, length, cycles_momentum=momentum)
        wrong = [
            step
            for step, lr in enumerate(lrs)
            if abs(lr - schedule.lr_at(step)) > REL_TOL * abs(schedule.lr_at(step)) + 1e-15
        ]
        if wrong:
            yield f"{job['id']} did not follow its schedule at steps {wrong[:5]}"

    def _of_roll_ups(self) -> Iterator[str]:
        counted = "SELECT job_id, metric, replica, COUNT(*), MIN(value) AS low, MAX(value) AS high FROM points"
        rolled = (
            "SELECT job_id, metric, replica, SUM(finite + nonfinite), MIN(min_value) AS low, MAX(max_value) AS high"
            " FROM buckets WHERE level = :level"
        )
        group = " GROUP BY job_id, metric, replica"
        points = {tuple(row.values()) for row in self.rows(counted + group)}
        for level in (0, 3, 9):
            buckets = {tuple(row.values()) for row in self.rows(rolled + group, level=level)}
            odd = {row[:3] for row in points ^ {(*row[:3], int(row[3]), *row[4:]) for row in buckets}}
            yield from (f"roll-ups of level {level} differ from the points of {name}" for name in sorted(odd))

    def _of_workers(self) -> Iterator[str]:
        for row in self.rows("SELECT name, quarantined FROM workers"):
            if row["quarantined"] not in ("[]", []):
                yield f"worker {row['name']} has slots {row['quarantined']} in quarantine"
        for row in self.rows("SELECT job_id, node FROM seats"):
            yield f"{row['job_id']} still holds a node"


def _replicas(job: Any) -> int:
    return int(document(job["spec"])["range_test"]["replicas"])
