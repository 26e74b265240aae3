"""Deadlines, priorities, back-off and ways of cancelling of jobs; draining, versions and slots of workers.

Revision: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_JOBS = (
    ("priority", sa.Integer(), "0"),
    ("ran_s", sa.Float(53), "0"),
    ("not_before", sa.Float(53), None),
    ("deadline_at", sa.Float(53), None),
    ("cancel_mode", sa.String(10), None),
    ("cancel_asked_at", sa.Float(53), None),
)
_WORKERS = (
    ("beat_at", sa.Float(53), "0"),
    ("draining", sa.Boolean(), sa.false()),
    ("devices", sa.JSON(), sa.text("'[]'")),
    ("versions", sa.JSON(), sa.text("'{}'")),
    ("quarantined", sa.JSON(), sa.text("'[]'")),
)


def upgrade() -> None:
    # Not in batches: those make the table anew on SQLite, and dropping jobs would delete what belongs to them.
    for table, columns in (("jobs", _JOBS), ("workers", _WORKERS)):
        for name, kind, default in columns:
            op.add_column(table, sa.Column(name, kind, nullable=default is None, server_default=default))


def downgrade() -> None:
    for table, columns in (("workers", _WORKERS), ("jobs", _JOBS)):
        for name, _, _ in reversed(columns):
            op.drop_column(table, name)
