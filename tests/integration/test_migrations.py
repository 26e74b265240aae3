"""The schema goes up, down and up again, and is what the models say."""

from collections.abc import Callable

from alembic import command
from sqlalchemy import inspect

from jobs.db import Database
from jobs.models import Base
from migrations.run import config, downgrade, upgrade


def test_up_down_up(database_url: str, open_database: Callable[[str], Database]) -> None:
    database = open_database(database_url)
    upgrade(database)
    downgrade(database)
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    upgrade(database)
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_an_upgrade_of_an_upgraded_database_changes_nothing(database: Database) -> None:
    upgrade(database)


def test_the_models_need_no_further_migration(database: Database) -> None:
    with database.engine.connect() as connection:
        command.check(config(connection))
