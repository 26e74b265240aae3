"""The checker: a run is judged from outside. SQL, HTTP and the files are read, nothing that a run says of itself.

    python -m tests.chaos.check --database-url URL --api-url URL --data-dir DIR --logs DIR --run FILE

FILE is a JSON document: ``jobs`` (accepted ids, each with the name of its spec), ``cancels`` (when a cancel was
answered), ``quiet`` (how each spec ends without faults), ``damaged`` (keys of files that a fault has hurt),
``errors`` (answers of the API that no fault explains). Prints one line for each violation; status
1 if there is one.
"""

import argparse
import json
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from jobs.database.session import Database
from jobs.maintenance.integrity_check import inspect_storage
from tests.chaos.final_state import differences, final_state
from tests.chaos.invariants import Invariants

Run = dict[str, Any]

UNEXPECTED = "the worker failed"  # what a worker logs then


def of_endings(connection: Connection, run: Run) -> Iterator[str]:
    """Whether every job came to the end that it has on a quiet machine, or was cancelled as somebody asked."""
    for job_id, name in run["jobs"].items():
        found = final_state(connection, job_id)
        asked = job_id in run["cancels"]
        yield from (f"{name}: {line}" for line in differences(found, run["quiet"][name], cancelled=asked))


def of_cancels(connection: Connection, run: Run) -> Iterator[str]:
    """Whether no attempt began after a cancel had been answered."""
    for job_id, answered_at in run["cancels"].items():
        query = text(
            "SELECT a.job_id, a.number FROM attempts a JOIN jobs j ON j.id = a.job_id"
            " WHERE (j.id = :id OR j.parent_id = :id) AND a.started_at > :at"
        )
        for row in connection.execute(query, {"id": job_id, "at": answered_at}).mappings():
            yield f"a cancel of {job_id} was answered, and attempt {row['number']} of {row['job_id']} began after that"


def of_files(database: Database, data_dir: Path, run: Run) -> Iterator[str]:
    """Whether rows and files agree, and nothing is left of attempts but their logs."""
    for finding in inspect_storage(database, data_dir / "artifacts", hashes=True):
        if finding.where not in run["damaged"]:
            yield str(finding)
    for path in (data_dir / "runs").glob("job_*/**/*"):
        is_log = path.suffix == ".log" or "logs" in path.parts or path.name.startswith("failure-")
        if path.is_file() and not is_log:
            yield f"left behind: {path.relative_to(data_dir)}, {path.stat().st_size} bytes"
    yield from (f"left behind: {path}" for path in (data_dir / "uploads").glob("*"))


def of_logs(logs_dir: Path) -> Iterator[str]:
    """Whether a worker met an error that nobody had expected: it costs an attempt that needed not be lost."""
    for path in sorted(logs_dir.glob("worker-*.log")):
        lines = path.read_text(errors="replace").splitlines()
        for number, line in enumerate(lines):
            if UNEXPECTED in line:
                cause = next((each for each in lines[number + 1 :] if each[:1].isalpha() and "Error" in each), "")
                yield f"{path.stem}: {line[:200]} {cause[:300]}"


def over_http(api_url: str, connection: Connection) -> Iterator[str]:
    """Whether the API says the same as SQL, and its workers hold nothing."""
    for row in connection.execute(text("SELECT id, status, attempt FROM jobs")).mappings():
        job = _get(f"{api_url}/v1/jobs/{row['id']}")
        if (job["status"], job["attempt"]) != (row["status"], row["attempt"]):
            yield f"{row['id']} is {row['status']} in SQL and {job['status']} over HTTP"
        for series in _get(f"{api_url}/v1/jobs/{row['id']}/curves?max_points=20000")["series"]:
            if series["x"] != sorted(set(series["x"])):
                yield f"{row['id']} {series['metric']} is served out of order or doubled"


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


def main() -> None:
    """Check once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--database-url", "--api-url", "--data-dir", "--logs", "--run"):
        parser.add_argument(name, required=True)
    asked = parser.parse_args()
    run: Run = json.loads(Path(asked.run).read_text())
    database = Database(asked.database_url)
    with database.engine.connect() as connection:
        found = [
            *Invariants(connection).violations(list(run["jobs"])),
            *of_endings(connection, run),
            *of_cancels(connection, run),
            *over_http(asked.api_url, connection),
        ]
        statuses = Counter(connection.execute(text("SELECT status FROM jobs")).scalars())
    found += [*of_files(database, Path(asked.data_dir), run), *of_logs(Path(asked.logs))]
    found += [f"the API answered {answer}" for answer in run["errors"]]
    database.close()
    print("\n".join(f"VIOLATION {line}" for line in found))
    print(f"{sum(statuses.values())} jobs, {dict(statuses)}: {len(found)} violations")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
