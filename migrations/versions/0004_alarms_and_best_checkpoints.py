"""Alarms of a job, and which of its checkpoints is the best.

Revision: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batches: those make the table anew on SQLite, and dropping jobs would delete what belongs to them.
    # Rows that are there get a value; new ones get theirs from the models.
    op.add_column("jobs", sa.Column("alarms", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("artifacts", sa.Column("best", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("artifacts", "best")
    op.drop_column("jobs", "alarms")
