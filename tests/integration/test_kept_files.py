"""Which checkpoints and files of a job are kept, and which alarms and tries it remembers; on both databases."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.database.tables import Event
from jobs.files import downloads
from jobs.files.artifacts import ArtifactStore, StoredFile
from jobs.lifecycle import claims, finish
from jobs.status import Outcome, Reason, Status
from jobs.submission import submit
from tests.builders import train_spec
from tests.integration.test_lifecycle import claim, job, points, steps_in_sql

ALARM = {"code": "plateau", "step": 9, "message": "m", "evidence": {"fall": 0.0}, "advice": "a"}


def checkpoint(owner: Claim, step: int, *, best: bool = False) -> Batch:
    stored = StoredFile(f"{owner.job_id}/checkpoints/{owner.attempt}-{step}", 1, "0" * 64)
    return Batch(checkpoint=stored, checkpoint_step=step, checkpoint_is_best=best)


def kept(database: Database, job_id: str) -> list[tuple[int | None, bool]]:
    with database.read() as session:
        return [(row.step, row.best) for row in queries.checkpoints_of(session, job_id)]


def events(database: Database, job_id: str, kind: str) -> list[dict[str, Any]]:
    with database.read() as session:
        found = session.query(Event).filter_by(job_id=job_id, type=kind).order_by(Event.seq)
        return [event.data for event in found]


def test_the_last_two_checkpoints_and_the_best_are_kept(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    owner = claim(database)
    for step, best in ((10, False), (20, True), (30, False), (40, False), (50, False)):
        claims.record(database, owner, checkpoint(owner, step, best=best))
    assert kept(database, job_id) == [(50, False), (40, False), (20, True)]
    claims.record(database, owner, checkpoint(owner, 60, best=True))
    claims.record(database, owner, checkpoint(owner, 70))
    assert kept(database, job_id) == [(70, False), (60, True)]


def test_an_alarm_is_raised_once_also_after_a_resume(database: Database) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    owner = claim(database)
    claims.record(database, owner, Batch(alarms=[ALARM, ALARM]))
    finish.give_back(database, owner, Outcome.WORKER_LOST, max_attempts=3)
    claims.record(database, claim(database), Batch(alarms=[ALARM | {"step": 12}, ALARM | {"code": "overfitting"}]))
    assert [(alarm["code"], alarm["step"]) for alarm in job(database, job_id).alarms] == [
        ("plateau", 9),
        ("overfitting", 9),
    ]
    assert [event["code"] for event in events(database, job_id, "alarm")] == ["plateau", "overfitting"]


def test_a_training_that_diverged_starts_again_from_the_beginning_and_then_fails(database: Database) -> None:
    asked = {"lower_max_lr_by": 4.0, "tries": 1}
    job_id = submit.submit(database, train_spec(on_divergence=asked)).job_id
    owner = claim(database)
    claims.record(database, owner, Batch(points=points(0, 10), progress={"step": 10}, alarms=[ALARM]))
    claims.record(database, owner, checkpoint(owner, 10))
    assert finish.start_again(database, owner, "it became nan")
    assert kept(database, job_id) == []
    again = claim(database)
    assert (again.attempt, again.resume_key, again.resume_step) == (2, None, 0)
    assert again.resolved["max_lr"] == pytest.approx(0.1 / 4)
    assert steps_in_sql(database, job_id) == []
    assert (job(database, job_id).alarms, job(database, job_id).failures) == ([], 0)
    (told,) = events(database, job_id, "restarted")
    assert (told["rates"], told["last_step"], told["alarms"]) == ({"max_lr": 0.1}, 10, [ALARM])
    assert not finish.start_again(database, again, "again")
    finish.fail(database, again, Reason.DIVERGED, "again")
    assert job(database, job_id).status == Status.FAILED
    with database.read() as session:
        assert [each.outcome for each in queries.attempts_of(session, job_id)] == [Outcome.DIVERGED, Outcome.FAILED]


def test_a_training_that_is_being_cancelled_does_not_start_again(database: Database) -> None:
    job_id = submit.submit(database, train_spec(on_divergence={})).job_id
    owner = claim(database)
    submit.cancel(database, job_id)
    assert not finish.start_again(database, owner, "it became nan")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path, database_url=SecretStr(database_url), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )


def test_files_and_curves_are_fetched(database: Database, settings: Settings, tmp_path: Path) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    owner, store = claim(database), ArtifactStore(settings.artifacts_dir)
    file = tmp_path / "file"
    file.write_bytes(b"weights")
    with TestClient(create_app(settings)) as client:
        early = client.get(f"/v1/jobs/{job_id}/model")
        assert (early.status_code, early.json()["code"]) == (409, "no_such_file")
        lost, stored = (store.put(f"{job_id}/attempt-{attempt}-model.safetensors", file) for attempt in (1, 2))
        claims.record(database, owner, Batch(files=[("model", 10, lost)]))
        # The model of a lost attempt goes when the next one has its own.
        claims.record(database, owner, Batch(files=[("model", 10, stored)]))
        later = replace(owner, attempt=2)
        with database.read() as session:
            assert downloads.unnamed(session, store, later) == [f"{job_id}/attempt-1-model.safetensors"]
        model = client.get(f"/v1/jobs/{job_id}/model")
        assert (model.content, model.headers["etag"]) == (b"weights", f'"{stored.sha256}"')
        assert "card" in model.headers["link"]
        saved = store.put(f"{job_id}/checkpoints/x.pt", file)
        claims.record(database, owner, Batch(checkpoint=saved, checkpoint_step=10, checkpoint_is_best=True))
        (listed,) = client.get(f"/v1/jobs/{job_id}/checkpoints").json()["data"]
        assert (listed["step"], listed["best"], listed["sha256"]) == (10, True, saved.sha256)
        assert client.get(listed["href"]).content == b"weights"
        assert client.get(f"/v1/jobs/{job_id}/checkpoints/11").status_code == 409
        assert client.get("/v1/jobs/job_" + "0" * 32 + "/model").status_code == 404
        store.path(saved.key).write_bytes(b"weight")
        assert "damaged" in client.get(listed["href"]).json()["detail"]
        store.delete(saved.key)
        assert client.get(listed["href"]).json()["code"] == "no_such_file"


def asked_by(client: TestClient, job_id: str) -> list[Callable[[], Any]]:
    path = f"/v1/jobs/{job_id}/curves"
    return [
        lambda: client.get(path, params={"format": "csv"}),
        lambda: client.get(path, headers={"Accept": "text/csv"}),
    ]


def test_curves_as_csv_have_every_point_and_every_digit(database: Database, settings: Settings) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    values = [1 / 3, float("nan"), float("inf"), -1e-300, *[float(step) for step in range(4, 5000)]]
    losses = [MetricPoint("train_loss", 0, step, value) for step, value in enumerate(values)]
    claims.record(database, claim(database), Batch(points=[*losses, *points(0, 2, "lr")]))
    with TestClient(create_app(settings)) as client:
        for ask in asked_by(client, job_id):
            answer = ask()
            assert answer.headers["content-type"].startswith("text/csv")
            header, *lines = answer.text.splitlines()
            assert header == "metric,replica,step,value"
            assert lines[:2] == ["lr,0,0,0.0", "lr,0,1,1.0"]
            found = [line.split(",") for line in lines[2:]]
            assert [row[3] for row in found] == [repr(value) for value in values]
            assert [int(row[2]) for row in found] == list(range(5000))
        only = client.get(f"/v1/jobs/{job_id}/curves", params={"format": "csv", "metric": "lr"})
        assert len(only.text.splitlines()) == 3
        assert client.get(f"/v1/jobs/{job_id}/curves").json()["object"] == "curves"
        missing = client.get("/v1/jobs/job_" + "0" * 32 + "/curves", params={"format": "csv"})
        assert missing.json()["code"] == "job_not_found"
