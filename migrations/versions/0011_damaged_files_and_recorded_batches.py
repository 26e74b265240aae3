"""Which stored files were found damaged, and which batch of a job's newest attempt was recorded last.

Revision: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("artifacts", sa.Column("damaged_at", sa.Float(53)))
    op.add_column("jobs", sa.Column("recorded", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("jobs", "recorded")
    op.drop_column("artifacts", "damaged_at")
