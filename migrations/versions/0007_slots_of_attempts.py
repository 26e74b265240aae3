"""How many slots each attempt holds: those that its job needs, and those lent to its replicas.

Revision: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("slots", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE attempts SET slots = (SELECT jobs.slots FROM jobs WHERE jobs.id = attempts.job_id)")


def downgrade() -> None:
    op.drop_column("attempts", "slots")
