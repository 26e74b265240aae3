"""Statuses of a job, the legal transitions, and the reasons why a job ended or waits."""

from enum import StrEnum


class Status(StrEnum):
    """Status of a job. A job leaves a terminal status only when a user resumes a failed or cancelled job."""

    QUEUED = "queued"  # accepted; waits for slots, for another job, or for a large enough worker
    RUNNING = "running"  # a worker holds its lease
    CANCELLING = "cancelling"  # a user cancelled it; its ranks are being ended
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""
        return self in TERMINAL


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
HELD = (Status.RUNNING, Status.CANCELLING)  # by a worker, or by children

# The legal transitions. Every status change of the service is one of these.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED, Status.FAILED}),
    Status.RUNNING: frozenset(
        {Status.SUCCEEDED, Status.FAILED, Status.CANCELLING, Status.QUEUED},
    ),
    Status.CANCELLING: frozenset({Status.CANCELLED, Status.SUCCEEDED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset({Status.QUEUED}),  # only when a user resumes it: ADR 0015
    Status.CANCELLED: frozenset({Status.QUEUED}),
}

RESUMABLE = frozenset({Status.FAILED, Status.CANCELLED})


def sources_of(target: Status) -> list[Status]:
    """Return the statuses from which ``target`` may be reached, for a compare-and-set update."""
    return [source for source, targets in TRANSITIONS.items() if target in targets]


class Reason(StrEnum):
    """Why a job ended, or why it still waits."""

    USER_CANCELLED = "user_cancelled"
    WORKER_LOST = "worker_lost"  # the worker or a rank was killed; retried from the last checkpoint
    CHECKPOINT_DAMAGED = "checkpoint_damaged"  # a reason of ranks, never of a job: retried from an older checkpoint
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"  # on a queued job: its last attempt found no room; it is tried again after a pause
    DIVERGED = "diverged"
    INVALID_DATA = "invalid_data"
    NO_MATCHING_WORKER = "no_matching_worker"  # on a queued job: no live worker has enough slots
    DEADLINE_EXCEEDED = "deadline_exceeded"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    INTERNAL_ERROR = "internal_error"
    CHILDREN_FAILED = "children_failed"  # of a parent: none of its jobs succeeded
    NOT_INSTALLED = "not_installed"  # the worker lacks a package or a compiler that the conditions need
    PARENT_FAILED = "parent_failed"  # the job that this one waited for gave no bounds


class Outcome(StrEnum):
    """How one attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WORKER_LOST = "worker_lost"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    DIVERGED = "diverged"  # the training starts again with lower rates, as on_divergence asks
    CHECKPOINT_DAMAGED = "checkpoint_damaged"  # it could not load its checkpoint; does not count either
    DISK_FULL = "disk_full"  # there was no room for a file of the job; does not count either
    HANDED_BACK = "handed_back"  # the worker was shut down cleanly; does not count against max_attempts
