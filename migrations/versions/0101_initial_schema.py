"""The schema of 0.1.0.

Revision: 0101
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0101"  # 0001 to 0012 belonged to versions that were never released
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("key_sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("scope", sa.String(10), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=True),
        sa.Column("revoked_at", sa.Float(53), nullable=True),
        sa.Column("last_used_at", sa.Float(53), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_sha256", name="uq_api_keys_key_sha256"),
    )
    op.create_index("ix_api_keys_owner", "api_keys", ["owner"])
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(35), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("owner", sa.String(100), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
    )
    op.create_index("ix_datasets_sha256", "datasets", ["sha256"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(30), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("resolved", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.String(36), nullable=True),
        sa.Column("waits_for", sa.String(36), nullable=True),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("queued_at", sa.Float(53), nullable=False),
        sa.Column("started_at", sa.Float(53), nullable=True),
        sa.Column("finished_at", sa.Float(53), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(140), nullable=True),
        sa.Column("lease_expires_at", sa.Float(53), nullable=True),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("total_steps", sa.BigInteger(), nullable=True),
        sa.Column("epoch", sa.Float(53), nullable=True),
        sa.Column("latest", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("alarms", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("owner", sa.String(100), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("ran_s", sa.Float(53), nullable=False, server_default="0"),
        sa.Column("not_before", sa.Float(53), nullable=True),
        sa.Column("deadline_at", sa.Float(53), nullable=True),
        sa.Column("cancel_mode", sa.String(10), nullable=True),
        sa.Column("cancel_asked_at", sa.Float(53), nullable=True),
        sa.Column("nodes", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("recorded", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("spec_version", sa.Integer(), nullable=False, server_default="1"),
        sa.ForeignKeyConstraint(["parent_id"], ["jobs.id"], name="fk_jobs_parent_id"),
        sa.ForeignKeyConstraint(["waits_for"], ["jobs.id"], name="fk_jobs_waits_for"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_fingerprint", "jobs", ["fingerprint", "id"])
    op.create_index("ix_jobs_kind", "jobs", ["kind", "id"])
    op.create_index("ix_jobs_lease", "jobs", ["status", "lease_expires_at"])
    op.create_index("ix_jobs_owner", "jobs", ["owner", "id"])
    op.create_index("ix_jobs_parent_id", "jobs", ["parent_id"])
    op.create_index("ix_jobs_queue", "jobs", ["status", "queued_at", "id"])
    op.create_index("ix_jobs_scan", "jobs", ["id", "created_at", "owner", "name"])
    op.create_index("ix_jobs_status", "jobs", ["status", "id"])
    op.create_index("ix_jobs_waits_for", "jobs", ["waits_for"])
    op.create_table(
        "submitters",
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("served_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_submitters"),
    )
    op.create_table(
        "web_sessions",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("key_sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_web_sessions"),
    )
    op.create_index("ix_web_sessions_expires_at", "web_sessions", ["expires_at"])
    op.create_index("ix_web_sessions_key_sha256", "web_sessions", ["key_sha256"])
    op.create_table(
        "workers",
        sa.Column("name", sa.String(140), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(20), nullable=False),
        sa.Column("started_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.Column("beat_at", sa.Float(53), nullable=False, server_default="0"),
        sa.Column("draining", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("devices", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("versions", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("quarantined", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("address", sa.String(45), nullable=True),
        sa.Column("store", sa.String(32), nullable=True),
        sa.Column("spec_version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("troubles", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )
    op.create_index("ix_workers_expires_at", "workers", ["expires_at"])
    op.create_table(
        "artifacts",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("best", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("damaged_at", sa.Float(53), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_artifacts_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "key", name="pk_artifacts"),
    )
    op.create_table(
        "attempts",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(140), nullable=False),
        sa.Column("started_at", sa.Float(53), nullable=False),
        sa.Column("finished_at", sa.Float(53), nullable=True),
        sa.Column("outcome", sa.String(20), nullable=True),
        sa.Column("resumed_from_step", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("slots", sa.Integer(), nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_attempts_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_attempts"),
    )
    op.create_table(
        "buckets",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("metric", sa.String(40), nullable=False),
        sa.Column("replica", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("finite", sa.BigInteger(), nullable=False),
        sa.Column("nonfinite", sa.BigInteger(), nullable=False),
        sa.Column("min_step", sa.BigInteger(), nullable=True),
        sa.Column("min_value", sa.Float(53), nullable=True),
        sa.Column("max_step", sa.BigInteger(), nullable=True),
        sa.Column("max_value", sa.Float(53), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_buckets_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "level", "metric", "replica", "number", name="pk_buckets"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_events_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    op.create_index("ix_events_job_id", "events", ["job_id"])
    op.create_table(
        "gatherings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=True),
        sa.Column("until", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_gatherings_job_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_gatherings"),
    )
    op.execute("INSERT INTO gatherings (id, job_id, until) VALUES (1, NULL, 0)")  # the one row there ever is
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_idempotency_keys_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency_keys"),
    )
    op.create_table(
        "job_labels",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_labels_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "name", name="pk_job_labels"),
    )
    op.create_index("ix_job_labels_value", "job_labels", ["name", "value", "job_id"])
    op.create_table(
        "log_lines",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("stream", sa.String(10), nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_log_lines_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_log_lines"),
    )
    op.create_table(
        "points",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("metric", sa.String(40), nullable=False),
        sa.Column("replica", sa.Integer(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(53), nullable=True),
        sa.Column("nonfinite", sa.String(4), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_points_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "metric", "replica", "step", name="pk_points"),
    )
    nonfinite = sa.text("nonfinite IS NOT NULL")
    op.create_index(
        "ix_points_nonfinite",
        "points",
        ["job_id", "metric", "replica", "step"],
        sqlite_where=nonfinite,
        postgresql_where=nonfinite,
    )
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
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_seats_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "node", name="pk_seats"),
    )


def downgrade() -> None:
    op.drop_table("seats")
    op.drop_table("points")
    op.drop_table("log_lines")
    op.drop_table("job_labels")
    op.drop_table("idempotency_keys")
    op.drop_table("gatherings")
    op.drop_table("events")
    op.drop_table("buckets")
    op.drop_table("attempts")
    op.drop_table("artifacts")
    op.drop_table("workers")
    op.drop_table("web_sessions")
    op.drop_table("submitters")
    op.drop_table("jobs")
    op.drop_table("datasets")
    op.drop_table("api_keys")
