"""How many slots each attempt holds: those that its job needs, and those lent to its replicas.

Revision: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("slots", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE attempts SET slots = (SELECT jobs.slots FROM jobs WHERE jobs.id = attempts.job_id)")


def downgrade() -> None:
    op.drop_column("attempts", "slots")
