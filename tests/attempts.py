"""Attempts of a worker that tests play."""

from jobs.database import queries
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.files.artifacts import StoredFile
from jobs.lifecycle import claims

LEASE_S = 30.0


def claim(database: Database, *, lease_s: float = LEASE_S, slots: int = 2, free: int = 2) -> Claim:
    found = claims.claim_next(database, worker="w", slots=slots, free=free, lease_s=lease_s)
    assert found is not None
    return found


def job(database: Database, job_id: str) -> Job:
    with database.read() as session:
        return queries.get_job(session, job_id)


def points(start: int, end: int, metric: str = "train_loss") -> list[MetricPoint]:
    return [MetricPoint(metric, 0, step, float(step)) for step in range(start, end)]


def checkpoint(claim: Claim, step: int) -> Batch:
    stored = StoredFile(f"{claim.job_id}/checkpoints/{claim.attempt}-{step}", 1, "0" * 64)
    return Batch(points=points(max(step - 10, 0), step), checkpoint=stored, checkpoint_step=step)


def steps_in_sql(database: Database, job_id: str) -> list[int]:
    with database.read() as session:
        return [step for step, _, _ in queries.series(session, job_id, "train_loss", 0)]


def events(database: Database, job_id: str) -> list[str]:
    with database.read() as session:
        return [event.type for event in queries.events_of(session, job_id)]


def record_to(database: Database, mine: Claim, step: int, checkpoint: int | None) -> None:
    if checkpoint is not None:
        stored = StoredFile(f"{mine.job_id}/checkpoints/{mine.attempt}-{checkpoint}", 1, "0" * 64)
        claims.record(
            database, mine, Batch(points=points(mine.resume_step, checkpoint), checkpoint=stored,
                                  checkpoint_step=checkpoint),
        )  # fmt: skip
    start = mine.resume_step if checkpoint is None else checkpoint
    claims.record(database, mine, Batch(points=points(start, step), progress={"step": step}))


def outcomes(database: Database, job_id: str) -> list[str | None]:
    with database.read() as session:
        return [attempt.outcome for attempt in queries.attempts_of(session, job_id)]


class NoSpare:
    """Slots that nobody lends; see `worker.attempt.rank_groups.Spare`."""

    def take(self, count: int) -> None:
        del count

    def give_back(self, devices: tuple[int, ...]) -> None:
        raise AssertionError(f"{devices} were never lent")

    def are_wanted(self) -> bool:
        return False
