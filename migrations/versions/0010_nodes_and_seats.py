"""Jobs on several nodes: the seats of their workers, and which job gathers them.

Revision: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batches: those make the table anew on SQLite, and dropping jobs would delete what belongs to them.
    op.add_column("jobs", sa.Column("nodes", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("workers", sa.Column("address", sa.String(45)))
    op.add_column("workers", sa.Column("store", sa.String(32)))
    op.create_table(
        "gatherings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=True),
        sa.Column("until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gatherings"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_gatherings_job_id", ondelete="SET NULL"),
    )
    op.execute("INSERT INTO gatherings (id, job_id, until) VALUES (1, NULL, 0)")  # the one row there ever is
    op.create_table(
        "seats",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(140), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.Column("leaving", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "node", name="pk_seats"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_seats_job_id", ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("seats")
    op.drop_table("gatherings")
    op.drop_column("workers", "store")
    op.drop_column("workers", "address")
    op.drop_column("jobs", "nodes")
