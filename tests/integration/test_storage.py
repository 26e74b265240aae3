"""Checking, pruning, and databases that are full or read-only, on SQLite and on PostgreSQL."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import delete, text, update

from api.app import create_app
from jobs.config.settings import Settings
from jobs.database import queries
from jobs.database.job_list import JobFilter, list_jobs
from jobs.database.records import Batch, Claim, MetricPoint
from jobs.database.session import Database
from jobs.database.tables import Bucket, Job
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish
from jobs.maintenance import integrity_check, retention
from jobs.submission import submit
from migrations.__main__ import main
from migrations.run import downgrade, upgrade
from tests.builders import lr_find_spec, sweep_spec, train, train_spec


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


def test_pruning_takes_rows_and_files_of_what_ended_long_ago_and_leaves_the_rest(
    database: Database, store: ArtifactStore, tmp_path: Path
) -> None:
    root, runs = tmp_path / "artifacts", tmp_path / "runs"
    old, young = (trained(database, store, tmp_path) for _ in range(2))
    sweep = submit.submit(database, sweep_spec()).job_id
    submit.cancel(database, sweep)
    needed = submit.submit(database, lr_find_spec()).job_id
    with database.read() as session:
        family = [sweep, *queries.children_of(session, sweep)]
    with database.write() as session:
        session.execute(update(Job).where(Job.id.in_([old, *family])).values(finished_at=Job.created_at - 1e6))
    orphan, fresh = root / "job_x" / "left", root / "job_x" / "fresh"
    orphan.parent.mkdir()
    for path in (orphan, fresh):
        path.write_bytes(b"12345")
    os.utime(orphan, (0, 0))
    for dry_run in (True, False):
        pruned = retention.prune(database, root, runs, older_than_s=1000, dry_run=dry_run)
        assert sorted(pruned.jobs) == sorted([old, *family])
        assert (pruned.orphans, pruned.kept) == (["job_x/left"], [])
        assert pruned.size_bytes == len(b"weights") + 5
        assert (root / old).exists() is dry_run
        assert orphan.exists() is dry_run
    with database.read() as session:
        assert {job.id for job in list_jobs(session, JobFilter(), limit=99)} == {
            young, needed,
        }  # fmt: skip
    assert fresh.exists()


def test_pruning_leaves_what_a_waiting_job_needs(database: Database, store: ArtifactStore, tmp_path: Path) -> None:
    source = trained(database, store, tmp_path)
    test = lr_find_spec().range_test.model_dump(mode="json") | {"start_from": {"from_job": source}}
    submit.submit(database, lr_find_spec(range_test=test))
    pruned = retention.prune(database, tmp_path / "artifacts", tmp_path, older_than_s=-10)
    assert (pruned.jobs, pruned.kept) == ([], [source])


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


def test_a_database_that_is_read_only_is_said_to_be(database: Database, client: TestClient) -> None:
    job_id = submit.submit(database, train_spec()).job_id
    with client:
        services = client.app.state.services  # type: ignore[attr-defined]
        if database.engine.dialect.name == "sqlite":
            with services.database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA query_only=ON")
        else:
            name = database.engine.url.database
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        response = client.post("/v1/jobs", json=train())
        assert response.status_code == 503
        assert response.json()["code"] == "storage_read_only"
        assert response.headers["retry-after"]
        assert client.get(f"/v1/jobs/{job_id}").status_code == 200  # reading goes on


def test_a_database_that_is_full_is_said_to_be_and_takes_writes_again_when_there_is_room(
    tmp_path: Path, open_database: Callable[[str], Database]
) -> None:
    url = f"sqlite:///{tmp_path / 'full.sqlite3'}"
    upgrade(open_database(url))
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(url), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )  # fmt: skip
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        engine = client.app.state.services.database.engine  # type: ignore[attr-defined]
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1")  # SQLite takes what it has as the least
        labels = {f"label {number}": "x" * 255 for number in range(32)}
        answers = [client.post("/v1/jobs", json=train(labels=labels)) for _ in range(10)]
        full = answers[-1]
        assert (full.status_code, full.json()["code"]) == (507, "storage_full")
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=100000")
        assert client.post("/v1/jobs", json=train(labels=labels)).status_code == 202


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
