"""Files of a job over HTTP, on both databases."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.records import Batch
from jobs.database.session import Database
from jobs.files import downloads
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims
from jobs.submission import submit
from tests.attempts import claim
from tests.builders import train_spec


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
