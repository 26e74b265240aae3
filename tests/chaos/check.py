"""The invariants of the service, checked from outside: SQL and HTTP are read, nothing of a run is trusted.

    python -m tests.chaos.check --database-url URL --api-url URL --data-dir DIR --jobs FILE

FILE has the ids of all accepted jobs, a JSON list. Prints one line for each violation; status 1 if there is one.
"""

import argparse
import hashlib
import json
import sys
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

from jobs.schedules import Length, build_schedule
from jobs.spec import TrainSpec, job_spec

TERMINAL = {"succeeded", "failed", "cancelled"}
REL_TOL = 1e-9


class Checker:
    """Reads one database."""

    def __init__(self, connection: Connection, data_dir: Path) -> None:
        self._connection, self._data_dir = connection, data_dir

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
        yield from self._of_equals(list(jobs.values()))
        yield from self._of_roll_ups()
        yield from self._of_artifacts()

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
        resumed = self.rows("SELECT seq FROM events WHERE job_id = :id AND type = 'resumed'", id=job["id"])
        if job["status"] in TERMINAL and (len(ends) != len(resumed) + 1 or ends[-1] != job["status"]):
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
        if job["kind"] == "train" and steps["train_loss", 0] != list(range(job["total_steps"])):
            yield f"{job['id']} succeeded with {len(steps['train_loss', 0])} of {job['total_steps']} steps"
        if job["kind"] == "train":
            yield from self._of_rates(job, [row["value"] for row in points if row["metric"] == "lr"])
        if job["kind"] == "lr_find" and {replica for _, replica in steps} != set(range(_replicas(job))):
            yield f"{job['id']} succeeded without all of its replicas"

    def _of_rates(self, job: Any, lrs: list[float]) -> Iterator[str]:
        spec = job_spec.validate_python(job["spec"])
        assert isinstance(spec, TrainSpec)
        resolved = job["resolved"]
        length = Length(resolved["total_steps"], resolved["steps_per_epoch"])
        momentum = spec.conditions is not None and spec.conditions.optimizer.cycles_momentum
        schedule = build_schedule(spec.schedule, resolved, length, cycles_momentum=momentum)
        wrong = [
            step
            for step, lr in enumerate(lrs)
            if abs(lr - schedule.lr_at(step)) > REL_TOL * abs(schedule.lr_at(step)) + 1e-15
        ]
        if wrong:
            yield f"{job['id']} did not follow its schedule at steps {wrong[:5]}"

    def _of_equals(self, jobs: list[Any]) -> Iterator[str]:
        results: dict[str, dict[str, str]] = defaultdict(dict)
        for job in jobs:
            if job["status"] == "succeeded" and job["kind"] == "train":
                spec = {key: value for key, value in job["spec"].items() if key != "name"}
                results[json.dumps(spec, sort_keys=True)][job["id"]] = json.dumps(job["result"], sort_keys=True)
        for found in results.values():
            if len(set(found.values())) > 1:
                yield f"jobs with equal specs came to different results: {found}"

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

    def _of_artifacts(self) -> Iterator[str]:
        for row in self.rows("SELECT * FROM artifacts"):
            path = self._data_dir / "artifacts" / row["key"]
            if not path.exists():
                yield f"{row['key']} stands in SQL and is not in the store"
            elif hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
                yield f"{row['key']} is not what SQL says"


def _replicas(job: Any) -> int:
    return int(job["spec"]["range_test"]["replicas"])


def over_http(api_url: str, connection: Connection) -> Iterator[str]:
    """Whether the API says the same as SQL."""
    for row in connection.execute(text("SELECT id, status, attempt FROM jobs")).mappings():
        with urllib.request.urlopen(f"{api_url}/v1/jobs/{row['id']}", timeout=30) as response:
            job = json.load(response)
        if (job["status"], job["attempt"]) != (row["status"], row["attempt"]):
            yield f"{row['id']} is {row['status']} in SQL and {job['status']} over HTTP"
        with urllib.request.urlopen(f"{api_url}/v1/jobs/{row['id']}/curves?max_points=20000", timeout=30) as response:
            curves = json.load(response)
        for series in curves["series"]:
            if series["x"] != sorted(set(series["x"])):
                yield f"{row['id']} {series['metric']} is served out of order or doubled"


def main() -> None:
    """Check once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--database-url", "--api-url", "--data-dir", "--jobs"):
        parser.add_argument(name, required=True)
    asked = parser.parse_args()
    engine = create_engine(asked.database_url)
    with engine.connect() as connection:
        checker = Checker(connection, Path(asked.data_dir))
        found = [*checker.violations(json.loads(Path(asked.jobs).read_text())), *over_http(asked.api_url, connection)]
        statuses = Counter(row["status"] for row in checker.rows("SELECT status FROM jobs"))
    engine.dispose()
    print("\n".join(f"VIOLATION {line}" for line in found))
    print(f"{sum(statuses.values())} jobs, {dict(statuses)}: {len(found)} violations")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
