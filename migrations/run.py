"""Bring a database to a revision of the schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from jobs.database.session import Database

SCRIPTS = Path(__file__).parent
UNRELEASED = {f"{number:04}" for number in range(1, 13)}  # the revisions of versions before 0.1.0


class UnknownRevisionError(Exception):
    """The database is at a revision that this release does not have."""

    def __init__(self, revision: str) -> None:
        if revision in UNRELEASED:
            what = (
                "of a version before 0.1.0. Those versions were never released, and their databases cannot be "
                "upgraded. Start with an empty database: set CLR_DATABASE_URL or the data folder to a new one, or "
                "delete this one. (One at revision 0012 can be kept: see Migrations in docs/operations.md.)"
            )
        else:
            what = (
                "which this release does not have: a newer release has upgraded the database. Run that release, or "
                "restore a backup made before the upgrade."
            )
        super().__init__(f"The database is at revision {revision}, {what}")


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply every missing revision up to ``revision``.

    Raises:
        UnknownRevisionError: The database is at a revision that this release does not have.
    """
    revisions(database)
    with database.engine.connect() as connection:
        command.upgrade(config(connection), revision)
        connection.commit()


def downgrade(database: Database, revision: str = "base") -> None:
    """Undo revisions down to ``revision``.

    Raises:
        UnknownRevisionError: The database is at a revision that this release does not have.
    """
    revisions(database)
    with database.engine.connect() as connection:
        command.downgrade(config(connection), revision)
        connection.commit()


def config(connection: object) -> Config:
    """Return Alembic's configuration for an open connection."""
    alembic = Config()
    alembic.set_main_option("script_location", str(SCRIPTS))
    alembic.attributes["connection"] = connection
    return alembic


def revisions(database: Database) -> tuple[str | None, str | None]:
    """Return the revision of a database, and the newest revision.

    Raises:
        UnknownRevisionError: The database is at a revision that this release does not have.
    """
    with database.engine.connect() as connection:
        scripts = ScriptDirectory.from_config(config(connection))
        current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise UnknownRevisionError(current)
    return current, scripts.get_current_head()
