"""The version of each job's spec, which versions a worker reads, and what it has trouble with.

Revision: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batches: those make the table anew on SQLite, and dropping jobs would delete what belongs to them.
    op.add_column("jobs", sa.Column("spec_version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("workers", sa.Column("spec_version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("workers", sa.Column("troubles", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("workers", "troubles")
    op.drop_column("workers", "spec_version")
    op.drop_column("jobs", "spec_version")
