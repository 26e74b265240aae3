"""Roll-ups of curves, counted for the points that are there, and indexes for pages of jobs and values not finite.

Revision: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SPANS = [16 * 4**level for level in range(10)]

COUNT = """
INSERT INTO buckets (job_id, metric, replica, level, number, finite, nonfinite,
                     min_step, min_value, max_step, max_value)
SELECT job_id, metric, replica, {level}, number, COUNT(value), COUNT(*) - COUNT(value),
       MAX(CASE WHEN from_low = 1 AND value IS NOT NULL THEN step END), MIN(value),
       MAX(CASE WHEN from_high = 1 AND value IS NOT NULL THEN step END), MAX(value)
FROM (
    SELECT job_id, metric, replica, step, value, step / {span} AS number,
           ROW_NUMBER() OVER (
               PARTITION BY job_id, metric, replica, step / {span}
               ORDER BY CASE WHEN value IS NULL THEN 1 ELSE 0 END, value, step) AS from_low,
           ROW_NUMBER() OVER (
               PARTITION BY job_id, metric, replica, step / {span}
               ORDER BY CASE WHEN value IS NULL THEN 1 ELSE 0 END, value DESC, step) AS from_high
    FROM points
) AS numbered
GROUP BY job_id, metric, replica, number
"""


def upgrade() -> None:
    op.create_table(
        "buckets",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("metric", sa.String(length=40), nullable=False),
        sa.Column("replica", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("finite", sa.BigInteger(), nullable=False),
        sa.Column("nonfinite", sa.BigInteger(), nullable=False),
        sa.Column("min_step", sa.BigInteger(), nullable=True),
        sa.Column("min_value", sa.Float(precision=53), nullable=True),
        sa.Column("max_step", sa.BigInteger(), nullable=True),
        sa.Column("max_value", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_buckets_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "level", "metric", "replica", "number", name=op.f("pk_buckets")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_points_nonfinite",
        "points",
        ["job_id", "metric", "replica", "step"],
        sqlite_where=sa.text("nonfinite IS NOT NULL"),
        postgresql_where=sa.text("nonfinite IS NOT NULL"),
    )
    op.create_index("ix_jobs_status", "jobs", ["status", "id"])
    op.create_index("ix_jobs_kind", "jobs", ["kind", "id"])
    for level, span in enumerate(SPANS):
        op.execute(COUNT.format(level=level, span=span))


def downgrade() -> None:
    op.drop_index("ix_jobs_kind", table_name="jobs")
    op.drop_index("ix_jobs_status", table_name="jobs")
    op.drop_index("ix_points_nonfinite", table_name="points")
    op.drop_table("buckets")
