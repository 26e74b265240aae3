"""A database that release 0.1.0 wrote is upgraded, through a revision to come too, and serves; half-done jobs go on."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

import migrations.run
from api.app import create_app
from jobs.config.settings import Settings
from jobs.database.records import Batch, MetricPoint
from jobs.database.session import Database
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish, recovery, resume_and_delete
from jobs.maintenance import integrity_check
from migrations.run import UnknownRevisionError, downgrade, revisions, upgrade
from tests.integration.database.upgrade import write

WRITTEN = Path(write.__file__).parent / "release-0.1.0.sql"
TABLES = ("jobs", "points", "buckets", "events", "attempts", "artifacts", "idempotency_keys", "log_lines")
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = {newest!r}


def upgrade():
    op.add_column("jobs", sa.Column("note", sa.String(20), nullable=True))
    op.execute("UPDATE jobs SET note = 'from before'")


def downgrade():
    op.drop_column("jobs", "note")
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a service on the database that release 0.1.0 wrote."""
    path = tmp_path / "clr.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(WRITTEN.read_text())
    connection.close()
    return Settings(
        data_dir=tmp_path, database_url=SecretStr(f"sqlite:///{path}"), broker_url=SecretStr("redis://127.0.0.1:1/0")
    )


@pytest.fixture
def add_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Database], None]:
    """Gives the migrations one revision more than there are, in a copy of their folder."""

    def add(database: Database) -> None:
        scripts = tmp_path / "migrations"
        shutil.copytree(migrations.run.SCRIPTS, scripts)
        (scripts / "versions" / "next.py").write_text(NEXT.format(newest=revisions(database)[1]))
        monkeypatch.setattr("migrations.run.SCRIPTS", scripts)

    return add


def rows(database: Database) -> dict[str, list[str]]:
    """All that is in the tables that jobs fill, but what the new revision adds."""
    with database.read() as session:
        return {
            table: sorted(
                str({name: value for name, value in row.items() if name != "note"})
                for row in session.execute(text(f"SELECT * FROM {table}")).mappings()
            )
            for table in TABLES
        }


@pytest.mark.parametrize("has_next", [False, True])
def test_what_an_earlier_release_wrote_is_served_and_goes_on(
    settings: Settings,
    open_database: Callable[[str], Database],
    add_revision: Callable[[Database], None],
    has_next: bool,
) -> None:
    database = open_database(settings.sql_url)
    if has_next:
        add_revision(database)
    upgrade(database)
    assert revisions(database)[0] == ("next" if has_next else revisions(database)[1])
    with TestClient(create_app(settings)) as client:
        jobs = {job["name"].split(" of ")[0]: job for job in client.get("/v1/jobs").json()["data"]}
        assert {name: job["status"] for name, job in jobs.items()} == {
            "half done": "running", "range test": "succeeded", "failed": "failed", "cancelled": "cancelled",
            "waits": "queued",
        }  # fmt: skip
        assert jobs["failed"]["error"]["code"] == "out_of_memory"
        test, half = jobs["range test"]["id"], jobs["half done"]["id"]
        bounds = client.get(f"/v1/jobs/{test}/lr-bounds").json()["bounds"]
        assert 0 < bounds["base_lr"] < bounds["max_lr"] < 10
        for asked in ("", "?max_points=20"):  # as they are, and from the roll-ups
            (series,) = client.get(f"/v1/jobs/{half}/curves{asked}").json()["series"]
            assert {(each["step"], each["value"]) for each in series["nonfinite"]} == {(7, "nan"), (8, "inf")}
            assert 1e308 in series["y"]
        for job in jobs.values():
            for part in ("events", "checkpoints", "plot.svg"):
                assert client.get(f"/v1/jobs/{job['id']}/{part}").status_code == 200
    found = integrity_check.inspect_storage(database, settings.artifacts_dir)
    assert [finding.code for finding in found] == ["missing_file"]  # its one checkpoint was not kept with it
    # The old worker's lease is long over: the training resumes, and the other old jobs can be resumed too.
    assert half in recovery.recover_jobs(database, max_attempts=3)
    resume_and_delete.resume(database, jobs["failed"]["id"])
    resume_and_delete.resume(database, jobs["cancelled"]["id"])
    mine = claims.claim_next(database, worker="new", slots=2, free=2, lease_s=30)
    assert mine is not None
    assert (mine.job_id, mine.attempt, mine.resume_step) == (half, 2, 400)
    claims.record(database, mine, Batch(points=[MetricPoint("train_loss", 0, step, 0.1) for step in range(400, 450)]))
    finish.succeed(database, mine, {})
    assert [finding.code for finding in integrity_check.inspect_storage(database, settings.artifacts_dir)] == [
        "missing_file"
    ]


def test_rows_are_the_same_after_a_new_revision_and_after_its_downgrade(
    database: Database, tmp_path: Path, add_revision: Callable[[Database], None]
) -> None:
    write.write(database, ArtifactStore(tmp_path / "artifacts"), tmp_path)
    before, newest = rows(database), revisions(database)[1]
    assert (len(before["jobs"]), len(before["points"])) == (5, 630)
    add_revision(database)
    assert revisions(database) == (newest, "next")
    upgrade(database)
    assert revisions(database) == ("next", "next")
    with database.read() as session:
        assert set(session.scalars(text("SELECT note FROM jobs"))) == {"from before"}
    assert rows(database) == before
    downgrade(database, str(newest))
    assert revisions(database) == (newest, "next")
    assert rows(database) == before
    upgrade(database)
    assert rows(database) == before


def test_a_release_refuses_a_database_that_a_newer_one_has_upgraded(
    database: Database, add_revision: Callable[[Database], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = migrations.run.SCRIPTS
    add_revision(database)
    upgrade(database)
    monkeypatch.setattr("migrations.run.SCRIPTS", own)
    for refused in (upgrade, downgrade, revisions):
        with pytest.raises(UnknownRevisionError, match="at revision next, which this release does not have: a newer"):
            refused(database)
