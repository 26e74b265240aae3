"""The tables of the service: its workers, the queue's order, uploaded datasets, and who may use it."""

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from jobs.database.records import FailureDocument
from jobs.database.tables.base import Base, Json
from jobs.database.tables.jobs import Job


class Worker(Base):
    """A worker: its slots, and the time until which it counts as alive."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(140), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    slots: Mapped[int]
    device: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[float]
    expires_at: Mapped[float] = mapped_column(index=True)
    beat_at: Mapped[float] = mapped_column(default=0.0)
    draining: Mapped[bool] = mapped_column(default=False)  # takes no more jobs
    devices: Mapped[list[str]] = mapped_column(JSON, default=list)  # device of each slot
    versions: Mapped[dict[str, str]] = mapped_column(default=dict)
    quarantined: Mapped[list[int]] = mapped_column(JSON, default=list)  # slots whose processes could not be ended
    address: Mapped[str | None] = mapped_column(String(45))  # address at which ranks on other workers reach its ranks
    store: Mapped[str | None] = mapped_column(String(32))  # id of its artifact store
    spec_version: Mapped[int] = mapped_column(default=1)  # the newest version that it can read
    troubles: Mapped[dict[str, str] | None]  # its faults, by component; see `worker.dispatch.health`


class AssemblyLock(Base):
    """The job that reserves nodes now, a single row (id 1); see `jobs.scheduling.node_reservations`."""

    __tablename__ = "gatherings"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str | None] = mapped_column(ForeignKey(Job.id, ondelete="SET NULL"))
    until: Mapped[float] = mapped_column(default=0.0)


class ReservedNode(Base):
    """The node of one worker in an attempt on several nodes, reserved or running."""

    __tablename__ = "seats"

    job_id: Mapped[str] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"), primary_key=True)
    node: Mapped[int] = mapped_column(primary_key=True)  # node 0 leads: it claims the job and has rank 0
    attempt: Mapped[int]
    worker: Mapped[str] = mapped_column(String(140))
    address: Mapped[str] = mapped_column(String(45))
    port: Mapped[int | None]  # on node 0, once the attempt has begun: address where the nodes meet
    expires_at: Mapped[float]
    leaving: Mapped[bool] = mapped_column(default=False)  # its worker is shutting down
    failures: Mapped[list[FailureDocument] | None] = mapped_column(JSON)  # of its ranks, set when they end


class Submitter(Base):
    """An owner of jobs (empty if keys are not required), and when one of their jobs last began.

    `jobs.scheduling.fair_share` orders waiting jobs by it.
    """

    __tablename__ = "submitters"

    owner: Mapped[str] = mapped_column(String(100), primary_key=True)
    served_at: Mapped[float]


class Dataset(Base):
    """A dataset that a user uploaded; its file is the artifact ``datasets/<id>``."""

    __tablename__ = "datasets"

    id: Mapped[str] = mapped_column(String(35), primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200), default="")
    format: Mapped[str] = mapped_column(String(20))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    facts: Mapped[Json]
    created_at: Mapped[float]


class ApiKey(Base):
    """An API key. The key itself is not stored, only its SHA-256."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    owner: Mapped[str] = mapped_column(String(100), index=True)
    scope: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
    revoked_at: Mapped[float | None]
    last_used_at: Mapped[float | None]  # written at most once a minute


class WebSession(Base):
    """The session of a browser that has logged in with a key. It ends with the key."""

    __tablename__ = "web_sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_sha256: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[float]
    expires_at: Mapped[float] = mapped_column(index=True)
