"""Labels of jobs in a table of their own, indexes for filters of the list of jobs, and log lines.

Revision: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LABELS = {
    "sqlite": "SELECT jobs.id, label.key, label.value FROM jobs, json_each(jobs.labels) AS label",
    "postgresql": "SELECT jobs.id, label.key, label.value FROM jobs, json_each_text(jobs.labels) AS label",
}


def upgrade() -> None:
    op.create_table(
        "job_labels",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_labels_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_job_labels")),
    )
    op.execute(f"INSERT INTO job_labels (job_id, name, value) {LABELS[op.get_bind().dialect.name]}")
    op.create_index("ix_job_labels_value", "job_labels", ["name", "value", "job_id"])
    op.create_index("ix_jobs_fingerprint", "jobs", ["fingerprint", "id"])
    op.create_index("ix_jobs_scan", "jobs", ["id", "created_at", "owner", "name"])
    op.create_table(
        "log_lines",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("stream", sa.String(length=10), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_log_lines_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_log_lines")),
    )


def downgrade() -> None:
    op.drop_table("log_lines")
    op.drop_index("ix_jobs_scan", table_name="jobs")
    op.drop_index("ix_jobs_fingerprint", table_name="jobs")
    op.drop_table("job_labels")
