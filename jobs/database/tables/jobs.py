"""The tables of jobs: what was asked, tried, measured, written and stored."""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from jobs.database.tables.base import Base, Json


class Job(Base):
    """One job: its spec, its status and its result."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(200), default="")
    labels: Mapped[dict[str, str]] = mapped_column(default=dict)
    spec: Mapped[Json]
    spec_version: Mapped[int] = mapped_column(default=1)  # who can read it: see `jobs.scheduling.spec_version`
    resolved: Mapped[Json] = mapped_column(default=dict)
    fingerprint: Mapped[str] = mapped_column(String(80))
    slots: Mapped[int]  # devices that it needs: the world size
    nodes: Mapped[int] = mapped_column(default=1)  # number of workers that share them equally
    owner: Mapped[str | None] = mapped_column(
        String(100)
    )  # null if keys are not required; see `jobs.database.row_filter`
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"), index=True)
    waits_for: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"), index=True)

    created_at: Mapped[float]
    queued_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]

    version: Mapped[int] = mapped_column(default=1)  # grows with every change that a reader can see
    attempt: Mapped[int] = mapped_column(default=0)  # the fencing token: only this attempt may write
    failures: Mapped[int] = mapped_column(default=0)  # attempts lost since the last checkpoint, against max_attempts
    recorded: Mapped[int] = mapped_column(default=0)  # number of the last batch of its attempt that is written
    worker: Mapped[str | None] = mapped_column(String(140))
    lease_expires_at: Mapped[float | None]

    priority: Mapped[int] = mapped_column(default=0)  # higher ones first
    not_before: Mapped[float | None]  # back-off: not claimed before this time
    deadline_at: Mapped[
        float | None
    ]  # end of waiting while it is queued, of running while it runs; see `jobs.scheduling.deadlines`
    ran_s: Mapped[float] = mapped_column(default=0.0)  # seconds that ended attempts took, against max_runtime_s
    cancel_mode: Mapped[str | None] = mapped_column(String(10))  # checkpoint or kill
    cancel_asked_at: Mapped[float | None]

    step: Mapped[int] = mapped_column(BigInteger, default=0)
    total_steps: Mapped[int | None] = mapped_column(BigInteger)
    epoch: Mapped[float | None]
    latest: Mapped[Json] = mapped_column(default=dict)
    alarms: Mapped[list[Json]] = mapped_column(default=list)  # of the current curve, each code once
    result: Mapped[Json | None]
    error: Mapped[Json | None]

    __table_args__ = (
        Index("ix_jobs_queue", "status", "queued_at", "id"),
        Index("ix_jobs_lease", "status", "lease_expires_at"),
        Index("ix_jobs_status", "status", "id"),
        Index("ix_jobs_kind", "kind", "id"),
        Index("ix_jobs_fingerprint", "fingerprint", "id"),
        Index("ix_jobs_scan", "id", "created_at", "owner", "name"),  # searched for times and names
        Index("ix_jobs_owner", "owner", "id"),
    )


class JobLabel(Base):
    """One label of a job, as in its ``labels``, indexed for searches."""

    __tablename__ = "job_labels"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    value: Mapped[str] = mapped_column(String(255))

    __table_args__ = (Index("ix_job_labels_value", "name", "value", "job_id"),)


class Attempt(Base):
    """One attempt at a job."""

    __tablename__ = "attempts"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    worker: Mapped[str] = mapped_column(String(140))
    slots: Mapped[int]  # slots that it holds, including idle slots that it uses
    started_at: Mapped[float]
    finished_at: Mapped[float | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    resumed_from_step: Mapped[int | None] = mapped_column(BigInteger)
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class Event(Base):
    """An event of a job, numbered in order."""

    __tablename__ = "events"

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    at: Mapped[float]
    type: Mapped[str] = mapped_column(String(40))
    data: Mapped[Json] = mapped_column(default=dict)


class Point(Base):
    """One value of one metric at one step. The primary key rules out a duplicate step."""

    __tablename__ = "points"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(40), primary_key=True)
    replica: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    value: Mapped[float | None]  # null if it is not finite
    nonfinite: Mapped[str | None] = mapped_column(String(4))  # nan, inf or -inf

    __table_args__ = (
        Index(
            "ix_points_nonfinite", "job_id", "metric", "replica", "step",
            sqlite_where=text("nonfinite IS NOT NULL"), postgresql_where=text("nonfinite IS NOT NULL"),
        ),
    )  # fmt: skip


class Bucket(Base):
    """Roll-up of the points of one metric over a range of steps; `jobs.curves.rollups` defines the ranges."""

    __tablename__ = "buckets"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(String(40), primary_key=True)
    replica: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    finite: Mapped[int] = mapped_column(BigInteger)  # counts of finite and of non-finite values
    nonfinite: Mapped[int] = mapped_column(BigInteger)
    min_step: Mapped[int | None] = mapped_column(BigInteger)
    min_value: Mapped[float | None]
    max_step: Mapped[int | None] = mapped_column(BigInteger)
    max_value: Mapped[float | None]

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - rows lie in the order in which they are read


class LogLine(Base):
    """A line of output of an attempt's process. The oldest lines of a job are dropped, see `jobs.files.job_log`."""

    __tablename__ = "log_lines"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)  # from 1, across all attempts
    attempt: Mapped[int]
    source: Mapped[str] = mapped_column(String(20))  # agent, or rank0, rank1, …
    stream: Mapped[str] = mapped_column(String(10))  # stdout or stderr
    at: Mapped[float]  # when it was shipped
    text: Mapped[str] = mapped_column(Text)


class Artifact(Base):
    """A stored file of a job."""

    __tablename__ = "artifacts"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    step: Mapped[int | None] = mapped_column(BigInteger)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    best: Mapped[bool] = mapped_column(default=False)  # for a checkpoint: whether it has the best evaluation so far
    damaged_at: Mapped[float | None]  # when its bytes were found to differ from what was stored, or not to load
    created_at: Mapped[float]


class IdempotencyKey(Base):
    """The job that an idempotency key made, and the request body. Each owner has their own keys."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(100), primary_key=True, default="")
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    created_at: Mapped[float]
