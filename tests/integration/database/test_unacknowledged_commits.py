"""A transaction that was committed and whose answer is lost: what is written again stands once, and no file goes."""

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.records import Claim
from jobs.database.session import Database
from jobs.database.tables.jobs import Job
from jobs.datasets import uploads
from jobs.datasets.archives import Limits
from jobs.errors import StaleAttemptError
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish
from jobs.maintenance import integrity_check
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from migrations.run import upgrade
from tests.archives import LEGAL
from tests.attempts import claim, events, job, steps_in_sql
from tests.builders import train_spec
from tests.lost_commits import Proxy, lost_answers
from worker.attempt import supervisor
from worker.attempt.conclusion import Conclusion
from worker.attempt.idle_slots import IdleSlotScheduler
from worker.attempt.lease import Lease
from worker.attempt.report_shipper import ReportShipper
from worker.attempt.supervisor import Supervisor
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.slots import Slots
from worker.launch.launcher import Launcher


class Attempt:
    """An attempt without ranks: a report that a test writes, and the supervisor that ships it."""

    def __init__(self, database: Database, folder: Path) -> None:
        settings = Settings(data_dir=folder, database_url=SecretStr("sqlite://"))
        self.claim = claim(database)
        self.store = ArtifactStore(settings.artifacts_dir)
        self.run_dir = folder / f"run-{self.claim.attempt}"
        (self.run_dir / "checkpoints").mkdir(parents=True)
        self.supervisor = Supervisor(
            database, self.store, cast(Launcher, None), settings, on_cuda=False, stopping=threading.Event()
        )
        self.lease = Lease(database, self.claim, 30.0)
        self.shipper = ReportShipper(self.claim, self.run_dir, self.store)
        self.conclusion = Conclusion(database, self.store, settings, self.claim)
        never = cast(IdleSlotScheduler, None)
        self.parts = supervisor.Attempt(self.claim, (), self.lease, self.shipper, never, self.conclusion)

    def report(self, start: int, end: int, *, checkpoint: bool = True) -> None:
        """Steps, and a checkpoint behind them."""
        steps = list(range(start, end))
        lines: list[dict[str, Any]] = [
            {"type": "points", "steps": steps, "values": {"train_loss": [1.0] * len(steps)}, "done": end,
             "epoch": 0.5, "replica": 0, "clock": [0.0, 1.0]},
            {"type": "note", "kind": "told", "data": {"step": end}},
        ]  # fmt: skip
        if checkpoint:
            (self.run_dir / f"checkpoints/step-{end}.pt").write_bytes(b"weights")
            lines.append({"type": "checkpoint", "step": end, "file": f"checkpoints/step-{end}.pt", "best": False})
        with (self.run_dir / "report.jsonl").open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)

    def ship(self) -> None:
        """As the supervisor does it, again and again where SQL does not answer."""
        self.lease.retry(lambda: self.supervisor._ship(self.parts))


def checkpoints(database: Database, job_id: str) -> list[int | None]:
    with database.read() as session:
        return [row.step for row in queries.checkpoints_of(session, job_id)]


def findings(database: Database, attempt: Attempt) -> list[str]:
    found = integrity_check.inspect_storage(database, attempt.store.path("."), hashes=True)
    return [str(finding) for finding in found]


@pytest.fixture
def attempt(database: Database, tmp_path: Path) -> Attempt:
    submit.submit(database, train_spec(on_divergence={}, max_runtime_s=3600))
    return Attempt(database, tmp_path)


def test_a_batch_whose_commit_was_not_answered_stands_once_with_its_checkpoint(
    database: Database, attempt: Attempt
) -> None:
    job_id = attempt.claim.job_id
    attempt.report(0, 10)
    with lost_answers(database) as lost:
        attempt.ship()
    assert len(lost) == 1
    attempt.report(10, 20)
    attempt.ship()
    assert steps_in_sql(database, job_id) == list(range(20))
    assert checkpoints(database, job_id) == [20, 10]
    assert events(database, job_id).count("told") == events(database, job_id).count("checkpoint") == 2
    assert findings(database, attempt) == []


def test_a_line_to_the_database_that_is_cut_between_commit_and_answer_costs_nothing(
    postgres_url: str, open_database: Callable[[str], Database], tmp_path: Path
) -> None:
    with Proxy(postgres_url) as proxy:
        database = open_database(proxy.url)
        upgrade(database)
        submit.submit(database, train_spec())
        attempt = Attempt(database, tmp_path)
        for start in (0, 10, 20):
            attempt.report(start, start + 10)
            proxy.to_lose = 1
            attempt.ship()
            assert proxy.to_lose == 0
        assert steps_in_sql(database, attempt.claim.job_id) == list(range(30))
        assert checkpoints(database, attempt.claim.job_id) == [30, 20]
        assert findings(database, attempt) == []


def test_a_checkpoint_stays_whose_attempt_was_ended_by_another_before_it_heard_of_its_commit(
    database: Database, attempt: Attempt
) -> None:
    job_id = attempt.claim.job_id
    attempt.report(0, 10)
    with lost_answers(database), pytest.raises(OperationalError):
        attempt.supervisor._ship(attempt.parts)
    finish.give_back(database, attempt.claim, Outcome.WORKER_LOST, max_attempts=3)
    attempt.ship()  # the batch stands: there is nothing to write, and nothing to remove
    attempt.report(10, 20)
    with pytest.raises(StaleAttemptError):
        attempt.ship()
    attempt.conclusion.remove_unnamed_files()
    assert (checkpoints(database, job_id), steps_in_sql(database, job_id)) == ([10], list(range(10)))
    assert findings(database, attempt) == []


def test_files_of_attempts_that_were_lost_before_they_said_so_go_with_the_next_checkpoint(
    database: Database, attempt: Attempt, tmp_path: Path
) -> None:
    attempt.report(0, 10)
    attempt.shipper.next_batch()  # in the store; the worker is killed before a row names it
    finish.give_back(database, attempt.claim, Outcome.WORKER_LOST, max_attempts=3)
    again = Attempt(database, tmp_path)
    later = again.store.path(f"{attempt.claim.job_id}/checkpoints/attempt-3-step-4.pt")
    later.write_bytes(b"of an attempt that has taken this one's place")
    again.report(0, 10)
    again.ship()
    assert sorted(path.name for path in later.parent.iterdir()) == ["attempt-2-step-10.pt", later.name]


ENDINGS: dict[str, tuple[Callable[[Database, Claim], object], Status]] = {
    "succeed": (lambda database, mine: finish.succeed(database, mine, {"final": {}}), Status.SUCCEEDED),
    "fail": (lambda database, mine: finish.fail(database, mine, Reason.OUT_OF_MEMORY, "m"), Status.FAILED),
    "cancelled": (finish.cancelled, Status.CANCELLED),
    "ran_too_long": (finish.ran_too_long, Status.FAILED),
    "start_again": (
        lambda database, mine: (
            finish.start_again(database, mine, "nan") or finish.fail(database, mine, Reason.DIVERGED, "nan")
        ),
        Status.QUEUED,
    ),
    "lost": (
        lambda database, mine: finish.give_back(database, mine, Outcome.WORKER_LOST, max_attempts=3),
        Status.QUEUED,
    ),
    "handed_back": (
        lambda database, mine: finish.give_back(database, mine, Outcome.HANDED_BACK, max_attempts=3),
        Status.QUEUED,
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_an_ending_whose_commit_was_not_answered_is_not_written_twice(
    database: Database, attempt: Attempt, name: str
) -> None:
    ending, status = ENDINGS[name]
    if name == "cancelled":
        submit.cancel(database, attempt.claim.job_id)
    with lost_answers(database) as lost, pytest.raises(StaleAttemptError):
        attempt.lease.retry(lambda: ending(database, attempt.claim))
    assert len(lost) == 1
    row = job(database, attempt.claim.job_id)
    assert (row.status, row.failures) == (status, int(name == "lost"))
    told = events(database, row.id)
    assert sum(told.count(kind) for kind in ("succeeded", "failed", "cancelled", "requeued", "restarted")) == 1
    with database.read() as session:
        (only,) = queries.attempts_of(session, row.id)
        assert only.outcome is not None


def test_what_is_noted_of_slots_and_of_a_cancel_is_noted_once(database: Database, attempt: Attempt) -> None:
    job_id = attempt.claim.job_id
    with lost_answers(database, 2):
        for write in (
            lambda: claims.hold(database, attempt.claim, slots=4),
            lambda: submit.cancel(database, job_id),
        ):
            attempt.lease.retry(write)
    assert (events(database, job_id).count("slots"), events(database, job_id).count("cancelling")) == (1, 1)


def test_a_submission_with_a_key_is_found_again(database: Database) -> None:
    with lost_answers(database), pytest.raises(OperationalError):
        submit.submit(database, train_spec(), key="k", body=b"b")
    again = submit.submit(database, train_spec(), key="k", body=b"b")
    assert not again.is_new
    with database.read() as session:
        assert session.scalars(select(Job.id)).all() == [again.job_id]


class Ranks:
    """A supervisor that notes what it is to run."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, int]] = []
        self.stopping, self.unkilled = threading.Event(), dict[tuple[int, ...], Any]()
        self.kept = dict[int, Any]()

    def run(self, found: Claim, *_: object) -> None:
        self.ran.append((found.job_id, found.attempt))


def test_a_job_whose_claim_was_not_answered_runs_at_the_next_look_and_loses_no_try(
    database: Database, tmp_path: Path
) -> None:
    job_id = submit.submit(database, train_spec(max_attempts=1)).job_id
    settings, ranks = Settings(data_dir=tmp_path), Ranks()
    dispatcher = Dispatcher(
        name="w", database=database, slots=Slots(2), supervisor=cast(Supervisor, ranks), settings=settings
    )
    with lost_answers(database), pytest.raises(OperationalError):
        dispatcher.start_waiting()
    assert (job(database, job_id).status, ranks.ran) == (Status.RUNNING, [])
    dispatcher.start_waiting()
    dispatcher.join()
    assert (job(database, job_id).failures, ranks.ran) == (0, [(job_id, 2)])
    other = submit.submit(database, train_spec()).job_id
    mine = claim(database)  # by another thread of the same worker, which runs it
    dispatcher._taken.add((mine.job_id, mine.attempt))
    dispatcher.start_waiting()
    assert job(database, other).status == Status.RUNNING


def test_an_upload_whose_commit_was_not_answered_stands_with_its_file(database: Database, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    with lost_answers(database) as lost:
        dataset_id = uploads.add(database, store, io.BytesIO(LEGAL), "a name", Limits(100, 10**9, 1000))
    assert len(lost) == 1
    with database.read() as session:
        assert [row.id for row in uploads.all_datasets(session)] == [dataset_id]
    assert integrity_check.inspect_storage(database, tmp_path / "artifacts", hashes=True) == []
