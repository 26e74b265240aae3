"""Owners of jobs and datasets, API keys, web sessions.

Jobs that are there already belong to nobody: only admins see them. Idempotency keys become their owner's.

Revision: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _idempotency_keys(name: str, *owner: sa.Column[str]) -> None:
    primary = [column.name for column in owner] + ["key"]
    op.create_table(
        name,
        *owner,
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_idempotency_keys_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(*primary, name="pk_idempotency_keys"),
    )


def upgrade() -> None:
    op.add_column("jobs", sa.Column("owner", sa.String(length=100), nullable=True))
    op.create_index("ix_jobs_owner", "jobs", ["owner", "id"])
    op.add_column("datasets", sa.Column("owner", sa.String(length=100), nullable=True))
    _rename_away()
    _idempotency_keys("idempotency_keys", sa.Column("owner", sa.String(length=100), nullable=False))
    op.execute(
        "INSERT INTO idempotency_keys (owner, key, body_sha256, job_id, created_at) "
        "SELECT '', key, body_sha256, job_id, created_at FROM idempotency_keys_before"
    )
    op.drop_table("idempotency_keys_before")
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("expires_at", sa.Float(precision=53), nullable=True),
        sa.Column("revoked_at", sa.Float(precision=53), nullable=True),
        sa.Column("last_used_at", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_sha256", name="uq_api_keys_key_sha256"),
    )
    op.create_index("ix_api_keys_owner", "api_keys", ["owner"])
    op.create_table(
        "web_sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("expires_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_web_sessions"),
    )
    op.create_index("ix_web_sessions_key_sha256", "web_sessions", ["key_sha256"])
    op.create_index("ix_web_sessions_expires_at", "web_sessions", ["expires_at"])


def downgrade() -> None:
    op.drop_table("web_sessions")
    op.drop_table("api_keys")
    _rename_away()
    _idempotency_keys("idempotency_keys")
    # Two owners may have used the same key; without owners the earlier one keeps it.
    op.execute(
        "INSERT INTO idempotency_keys (key, body_sha256, job_id, created_at) "
        "SELECT key, body_sha256, job_id, created_at FROM idempotency_keys_before AS kept WHERE NOT EXISTS ("
        "SELECT 1 FROM idempotency_keys_before AS other WHERE other.key = kept.key AND "
        "(other.created_at < kept.created_at OR (other.created_at = kept.created_at AND other.owner < kept.owner)))"
    )
    op.drop_table("idempotency_keys_before")
    op.drop_index("ix_jobs_owner", "jobs")
    # Not in a batch: on SQLite that would drop and make the table anew, and its rows' dependants would go with it.
    op.drop_column("jobs", "owner")
    op.drop_column("datasets", "owner")


def _rename_away() -> None:
    op.rename_table("idempotency_keys", "idempotency_keys_before")
    if op.get_bind().dialect.name == "postgresql":  # there, names of constraints are names of the schema
        op.execute("ALTER TABLE idempotency_keys_before DROP CONSTRAINT pk_idempotency_keys")
        op.execute("ALTER TABLE idempotency_keys_before DROP CONSTRAINT fk_idempotency_keys_job_id")
