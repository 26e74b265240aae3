"""When each submitter was last served.

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
    op.create_table(
        "submitters",
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("served_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_submitters"),
    )


def downgrade() -> None:
    op.drop_table("submitters")
