"""The schema goes up, down and up again, and is what the models say."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text

from jobs.database.session import Database
from jobs.database.tables.metadata import METADATA
from migrations.__main__ import main
from migrations.run import config, downgrade, upgrade


def test_up_down_up(empty_url: str, open_database: Callable[[str], Database]) -> None:
    database = open_database(empty_url)
    upgrade(database)
    downgrade(database)
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    upgrade(database)
    assert set(inspect(database.engine).get_table_names()) == {*METADATA.tables, "alembic_version"}


def test_an_upgrade_of_an_upgraded_database_changes_nothing(database: Database) -> None:
    upgrade(database)


def test_the_models_need_no_further_migration(database: Database) -> None:
    with database.engine.connect() as connection:
        command.check(config(connection))


def come_from(database: Database, revision: str) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "check"])
def test_a_database_of_an_unreleased_version_is_refused_with_its_revision(
    database: Database, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLR_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))
    for number in range(1, 13):
        come_from(database, f"{number:04}")
        with pytest.raises(
            SystemExit, match=rf"is at revision {number:04}, of a version before 0\.1\.0.*Start with an"
        ):
            main([command])
    assert set(inspect(database.engine).get_table_names()) == {*METADATA.tables, "alembic_version"}


def test_clr_migrate_says_what_to_do_about_an_unreleased_version(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'clr.sqlite3'}")
    upgrade(database)
    come_from(database, "0007")
    database.close()
    asked = [sys.executable, "-m", "clr_cli", "migrate", "--data-dir", str(tmp_path)]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The database is at revision 0007, of a version before 0.1.0.")
    assert "Traceback" not in ended.stderr
