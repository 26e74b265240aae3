"""A checkpoint whose file is not what was stored is passed over, noted and shown; on both databases."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.records import Batch, Claim, Node
from jobs.database.session import Database
from jobs.database.tables.jobs import Event
from jobs.errors import StaleAttemptError, TrainingError
from jobs.files.artifacts import ArtifactStore, StoredFile
from jobs.lifecycle import claims, damaged_checkpoints, finish, resume_and_delete
from jobs.maintenance import integrity_check
from jobs.scheduling.deadlines import NO_BACKOFF
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from tests.attempts import claim, job, points, steps_in_sql
from tests.builders import train_spec
from tests.integration.submission.test_start_weights import starting_from
from worker.attempt.checkpoint_check import sound_claim


@pytest.fixture
def store(settings: Settings) -> ArtifactStore:
    return ArtifactStore(settings.artifacts_dir)


def save(database: Database, store: ArtifactStore, mine: Claim, step: int, since: int, *, best: bool = False) -> Path:
    source = store.path(f"source-{step}")
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(b"weights after %d" % step)
    stored: StoredFile = store.put(f"{mine.job_id}/checkpoints/attempt-{mine.attempt}-step-{step}.pt", source)
    source.unlink()
    batch = Batch(points=points(since, step), progress={"step": step}, checkpoint=stored, checkpoint_step=step,
                  checkpoint_is_best=best)  # fmt: skip
    claims.record(database, mine, batch)
    return store.path(stored.key)


def lost_with_three(database: Database, store: ArtifactStore) -> tuple[str, list[Path]]:
    """A training with checkpoints after 4 (the best), 8 and 12 steps, whose worker was lost after 15."""
    job_id = submit.submit(database, train_spec(max_attempts=2)).job_id
    mine = claim(database)
    files = [save(database, store, mine, step, step - 4, best=step == 4) for step in (4, 8, 12)]
    claims.record(database, mine, Batch(points=points(12, 15), progress={"step": 15}))
    finish.give_back(database, mine, Outcome.WORKER_LOST, max_attempts=2)
    return job_id, files


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def make_unreadable(path: Path) -> None:
    """Reading a folder raises an OSError, as a disk that fails does; also for root."""
    path.unlink()
    path.mkdir()


def told(database: Database, job_id: str) -> list[dict[str, object]]:
    with database.read() as session:
        return [event.data for event in session.query(Event).filter_by(job_id=job_id, type=damaged_checkpoints.EVENT)]


@pytest.mark.parametrize(
    ("harm", "why"),
    [(flip, "SHA-256"), (truncate, "SHA-256"), (Path.unlink, "missing"), (make_unreadable, "cannot be read")],
)
def test_the_next_older_checkpoint_is_taken(
    database: Database, store: ArtifactStore, harm: Callable[[Path], None], why: str
) -> None:
    job_id, files = lost_with_three(database, store)
    harm(files[2])
    given = claim(database)
    assert given.resume_step == 12
    mine = sound_claim(database, store, given)
    assert mine.resume is not None
    assert (mine.attempt, mine.resume.step, mine.resume.key) == (2, 8, str(files[1].relative_to(store.path("."))))
    assert steps_in_sql(database, job_id) == list(range(8))
    assert job(database, job_id).step == 8
    (data,) = told(database, job_id)
    assert (data["step"], data["from_step"]) == (12, 8)
    assert why in str(data["why"])
    assert sound_claim(database, store, given).resume_step == 8, "as after an answer that was lost"
    assert len(told(database, job_id)) == 1
    with database.read() as session:
        assert queries.attempts_of(session, job_id)[1].resumed_from_step == 8
    save(database, store, mine, 12, 8)
    save(database, store, mine, 20, 12)
    finish.succeed(database, mine, {"final": {}})
    assert steps_in_sql(database, job_id) == list(range(20))
    roll_ups = [found for found in integrity_check.inspect_storage(database, store.path(".")) if "roll" in found.code]
    assert roll_ups == []


def test_a_training_without_a_sound_checkpoint_begins_at_its_start_in_the_same_attempt(
    database: Database, store: ArtifactStore
) -> None:
    job_id, files = lost_with_three(database, store)
    for file in files:
        flip(file)
    mine = sound_claim(database, store, claim(database))
    assert (mine.attempt, mine.resume) == (2, None)
    assert steps_in_sql(database, job_id) == []
    assert [data["from_step"] for data in told(database, job_id)] == [8, 4, 0]
    assert job(database, job_id).failures == 1


def test_a_checkpoint_that_ranks_cannot_load_costs_no_attempt(database: Database, store: ArtifactStore) -> None:
    job_id, _ = lost_with_three(database, store)
    for expected in (12, 8, 4):
        mine = claim(database)
        assert mine.resume_step == expected
        damaged_checkpoints.give_back(database, mine, "no checkpoint", max_attempts=2, backoff=NO_BACKOFF)
        with pytest.raises(StaleAttemptError):
            damaged_checkpoints.give_back(database, mine, "no checkpoint", max_attempts=2, backoff=NO_BACKOFF)
    assert claim(database).resume is None
    assert (job(database, job_id).failures, job(database, job_id).attempt) == (1, 5)
    with database.read() as session:
        outcomes = [each.outcome for each in queries.attempts_of(session, job_id)]
    assert outcomes == [Outcome.WORKER_LOST, *[Outcome.CHECKPOINT_DAMAGED] * 3, None]


def test_what_is_found_by_an_attempt_that_lost_its_job_is_not_written(database: Database, store: ArtifactStore) -> None:
    job_id, files = lost_with_three(database, store)
    mine = claim(database)
    finish.give_back(database, mine, Outcome.HANDED_BACK, max_attempts=2)
    flip(files[2])
    with pytest.raises(StaleAttemptError):
        sound_claim(database, store, mine)
    assert told(database, job_id) == []


def test_nodes_of_one_job_do_not_go_on_from_different_checkpoints(database: Database, store: ArtifactStore) -> None:
    _, files = lost_with_three(database, store)
    flip(files[2])
    node = Node(0, 2, "w", "127.0.0.1", ("127.0.0.1", 1))
    with pytest.raises(TrainingError) as caught:
        sound_claim(database, store, replace(claim(database), node=node))
    assert caught.value.reason is Reason.CHECKPOINT_DAMAGED


def test_api_and_check_tell_of_damage_until_newer_checkpoints_are_stored(
    database: Database, store: ArtifactStore, client: TestClient
) -> None:
    job_id, files = lost_with_three(database, store)
    flip(files[2])
    mine = sound_claim(database, store, claim(database))
    listed = client.get(f"/v1/jobs/{job_id}/checkpoints").json()["data"]
    assert [(each["step"], each["damaged_at"] is None) for each in listed] == [(12, False), (8, True), (4, True)]
    refused = client.get(listed[0]["href"])
    assert (refused.status_code, refused.json()["code"]) == (409, "no_such_file")
    assert "damaged" in refused.json()["detail"]
    codes = [found.code for found in integrity_check.inspect_storage(database, store.path("."), hashes=True)]
    assert codes == ["damaged_checkpoint"]
    save(database, store, mine, 12, 8)
    listed = client.get(f"/v1/jobs/{job_id}/checkpoints").json()["data"]
    assert [(each["step"], each["damaged_at"]) for each in listed] == [(12, None), (8, None), (4, None)]


def test_a_resume_by_a_user_goes_on_from_a_sound_checkpoint(database: Database, store: ArtifactStore) -> None:
    job_id, files = lost_with_three(database, store)
    flip(files[2])
    mine = sound_claim(database, store, claim(database))
    finish.fail(database, mine, Reason.OUT_OF_MEMORY, "m")
    resume_and_delete.resume(database, job_id)
    assert claim(database).resume_step == 8


def test_a_range_test_whose_weights_are_damaged_fails_and_the_next_takes_others(
    database: Database, store: ArtifactStore
) -> None:
    source, files = lost_with_three(database, store)
    finish.succeed(database, claim(database), {"final": {}})
    job_id = submit.submit(database, starting_from(source)).job_id
    flip(files[2])
    mine = claim(database)
    with pytest.raises(TrainingError, match=f"the checkpoint of {source} after step 12 is damaged.*again") as caught:
        sound_claim(database, store, mine)
    assert caught.value.reason is Reason.INVALID_DATA
    finish.fail(database, mine, caught.value.reason, str(caught.value))
    assert job(database, job_id).status == Status.FAILED
    again = submit.submit(database, starting_from(source)).job_id
    assert job(database, again).resolved["start_from"]["step"] == 8
    start = sound_claim(database, store, claim(database)).start
    assert start is not None
    assert start.key == str(files[1].relative_to(store.path(".")))
