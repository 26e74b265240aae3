"""Checking the stored data, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import delete, update

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.database.tables.jobs import Bucket, Job
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish
from jobs.maintenance import integrity_check
from jobs.submission import submit
from migrations.__main__ import main
from migrations.run import downgrade
from tests.builders import lr_find_spec, sweep_spec, train_spec


def trained(database: Database, store: ArtifactStore, tmp_path: Path, steps: int = 40) -> str:
    """A training that succeeded, with points, roll-ups and a stored file."""
    job_id = submit.submit(database, train_spec()).job_id
    claim = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=30)
    assert isinstance(claim, Claim)
    source = tmp_path / "checkpoint"
    source.write_bytes(b"weights")
    stored = store.put(f"{job_id}/checkpoints/1.pt", source)
    values = [float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 0.0]
    points = [MetricPoint("train_loss", 0, step, values[step % len(values)]) for step in range(steps)]
    claims.record(database, claim, Batch(points=points, checkpoint=stored, checkpoint_step=steps))
    finish.succeed(database, claim, {})
    return job_id


def codes(database: Database, root: Path, *, hashes: bool = False) -> list[str]:
    return sorted(finding.code for finding in integrity_check.inspect_storage(database, root, hashes=hashes))


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def test_nothing_is_found_where_nothing_is_wrong(database: Database, store: ArtifactStore, tmp_path: Path) -> None:
    trained(database, store, tmp_path)
    submit.submit(database, sweep_spec())
    submit.submit(database, lr_find_spec())
    assert codes(database, tmp_path / "artifacts", hashes=True) == []


def test_each_kind_of_damage_is_found(database: Database, store: ArtifactStore, tmp_path: Path) -> None:
    root = tmp_path / "artifacts"
    job_id = trained(database, store, tmp_path)
    path = root / job_id / "checkpoints" / "1.pt"
    path.write_bytes(b"WEIGHTS")
    assert codes(database, root) == []
    assert codes(database, root, hashes=True) == ["damaged_file"]
    path.write_bytes(b"cut")
    assert codes(database, root) == ["wrong_size"]
    path.rename(path.with_name("2.pt"))
    assert codes(database, root) == ["missing_file", "orphan_file"]
    with database.write() as session:
        session.execute(delete(Bucket).where(Bucket.level == 0, Bucket.number == 1))
        session.execute(update(Job).values(finished_at=None))
    assert codes(database, root) == ["missing_file", "orphan_file", "roll_up_differs", "terminal_without_end"]


def test_the_command_checks_and_prunes(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("CLR_DATABASE_URL", database_url)
    monkeypatch.setenv("CLR_DATA_DIR", str(tmp_path))
    job_id = trained(database, ArtifactStore(tmp_path / "artifacts"), tmp_path)
    main(["check", "--hashes"])
    assert capsys.readouterr().out == "ok\n"
    main(["prune", "--older-than", "0h", "--dry-run"])
    main(["prune", "--older-than", "0h"])
    removed = f"job {job_id}\nwould remove 1 jobs, 0 orphan files, 7 bytes\n"
    assert capsys.readouterr().out == removed + removed.replace("would remove", "removed")
    database.close()
    downgrade(database, "-1")
    with pytest.raises(SystemExit):
        main(["check"])
    assert "wrong_schema" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["prune", "--older-than", "soon"])


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> TestClient:
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(database_url), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )
    return TestClient(create_app(settings), raise_server_exceptions=False)


def test_curves_with_values_beyond_numbers_are_stored_and_served(
    database: Database, store: ArtifactStore, tmp_path: Path, client: TestClient
) -> None:
    job_id = trained(database, store, tmp_path, steps=6000)
    with client:
        for asked in ("", "?max_points=10", "?smoothing=0.9", "?x=step&start_step=5&end_step=40"):
            response = client.get(f"/v1/jobs/{job_id}/curves{asked}")
            assert response.status_code == 200
            series = response.json()["series"][0]
            assert series["min"]["value"] == -1e308
            assert {each["value"] for each in series["nonfinite"]} == {"nan", "inf", "-inf"}
        csv = client.get(f"/v1/jobs/{job_id}/curves?format=csv").text.splitlines()
        assert len(csv) == 6001
        for path in ("plot.svg", "plot.json"):
            assert client.get(f"/v1/jobs/{job_id}/{path}").status_code == 200
        response = client.delete(f"/v1/jobs/{job_id}")
        assert (response.status_code, response.content) == (204, b"")
        assert client.delete(f"/v1/jobs/{job_id}").status_code == 404
