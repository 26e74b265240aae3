"""Run by Alembic: applies the revisions over the connection from `migrations.run`."""

from alembic import context

from jobs.database.tables.metadata import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite cannot alter a table in place
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
