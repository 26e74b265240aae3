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
    # Rows that are there get a value; new ones get theirs from the models.
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("alarms", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    with op.batch_alter_table("artifacts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("best", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("artifacts", schema=None) as batch_op:
        batch_op.drop_column("best")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("alarms")
