"""Plain values that the worker exchanges with the database."""

import math
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

from jobs.spec.resolved import Checkpoint, RangeTestFacts, TrainingFacts
from jobs.spec.runnable import AnyRunnableJob, RangeTestJob


@dataclass(frozen=True, slots=True)
class Node:
    """The part of one worker in an attempt on several nodes.

    Attributes:
        number: Number of this node; node 0 leads.
        count: Number of nodes.
        worker: Name of the worker.
        address: Address at which the other nodes reach this one.
        meeting: Address and port at which node 0 waits for the others.
    """

    number: int
    count: int
    worker: str
    address: str
    meeting: tuple[str, int]


@dataclass(frozen=True, slots=True)
class AttemptId:
    """An attempt at a job. Only the newest attempt of a job may write to it."""

    job_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Claim(AttemptId):
    """A job that this worker may run.

    Attributes:
        slots: Number of slots that the job needs.
        job: Spec and resolved values.
        resume: The checkpoint to resume from; None for a start from the beginning.
        node: Set if the job runs on several nodes.
    """

    slots: int
    job: AnyRunnableJob
    resume: Checkpoint | None = None
    node: Node | None = None

    @property
    def kind(self) -> str:
        """The kind of the job."""
        return self.job.kind

    @property
    def start(self) -> Checkpoint | None:
        """The checkpoint of another job, whose weights a range test starts from."""
        return self.job.resolved.start_from if isinstance(self.job, RangeTestJob) else None

    @property
    def resume_step(self) -> int:
        """The number of steps done before this attempt."""
        return 0 if self.resume is None else self.resume.step


@dataclass(frozen=True, slots=True)
class LeaseSignals:
    """What the row of a running job asks of its attempt; every renewal of the lease returns it.

    Attributes:
        cancel: A user has cancelled the job.
        kill: The user wants no checkpoint first.
        overdue: The job has run for longer than its ``max_runtime_s``.
        torn: Another node is lost or has failed.
        leaving: The worker of another node is shutting down.
    """

    cancel: bool = False
    kill: bool = False
    overdue: bool = False
    torn: bool = False
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value of one metric at one step; NaN and infinities are kept apart, since SQL and JSON have none."""

    metric: str
    replica: int
    step: int
    raw: float

    def row(self, job_id: str) -> dict[str, Any]:
        """Return the columns of the ``points`` table."""
        finite = math.isfinite(self.raw)
        return {
            "job_id": job_id,
            "metric": self.metric,
            "replica": self.replica,
            "step": self.step,
            "value": self.raw if finite else None,
            "nonfinite": None if finite else str(self.raw),
        }


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text that a process wrote: ``agent`` or ``rank0``, …, to ``stdout`` or ``stderr``."""

    source: str
    stream: str
    text: str


class FailureDocument(TypedDict):
    """The failure of a rank, as in its file and in the row of its node. The lowest ``rank_of_cause`` is the cause."""

    reason: str
    message: str
    rank_of_cause: int
    device: NotRequired[int]


@dataclass(slots=True)
class Batch:
    """What ranks reported since the last write; it is written in one transaction.

    ``number`` counts the batches of an attempt from 1; a batch that is in SQL already is not written again. A batch
    without a number is always written.
    """

    number: int | None = None
    points: list[MetricPoint] = field(default_factory=list)
    progress: dict[str, Any] = field(default_factory=dict)  # columns of the job's row
    latest: dict[str, Any] = field(default_factory=dict)
    facts: TrainingFacts | RangeTestFacts | None = None
    checkpoint: Any = None  # a StoredFile, with its step in checkpoint_step
    checkpoint_step: int | None = None
    checkpoint_is_best: bool = False
    files: list[tuple[str, int, Any]] = field(default_factory=list)  # kind, step, StoredFile; one of each kind is kept
    alarms: list[dict[str, Any]] = field(default_factory=list)
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # events: type and data
    lines: list[Line] = field(default_factory=list)  # of the log

    def __bool__(self) -> bool:
        stored = self.checkpoint or self.files
        told = self.alarms or self.notes or self.lines
        return bool(self.points or self.progress or self.facts or stored or told)
