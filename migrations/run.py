"""Bring a database to a revision of the schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from jobs.db import Database


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply every revision up to ``revision``; one that is applied already is left alone."""
    with database.engine.connect() as connection:
        command.upgrade(config(connection), revision)
        connection.commit()


def downgrade(database: Database, revision: str = "base") -> None:
    """Undo revisions down to ``revision``."""
    with database.engine.connect() as connection:
        command.downgrade(config(connection), revision)
        connection.commit()


def config(connection: object) -> Config:
    """Alembic's configuration for an open connection."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent))
    alembic.attributes["connection"] = connection
    return alembic


def revisions(database: Database) -> tuple[str | None, str | None]:
    """The revision that a database is at, and the newest there is."""
    with database.engine.connect() as connection:
        scripts = ScriptDirectory.from_config(config(connection))
        return MigrationContext.configure(connection).get_current_revision(), scripts.get_current_head()
