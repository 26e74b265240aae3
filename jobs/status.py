"""Statuses of a job, the legal transitions, and the reasons why a job ended or waits."""

from enum import StrEnum


class Status(StrEnum):
    """Where a job stands. A terminal status is left only where a user resumes a failed or cancelled job."""

    QUEUED = "queued"  # accepted; waits for slots, for another job, or for a worker that is large enough
    RUNNING = "running"  # a worker holds its lease
    CANCELLING = "cancelling"  # someone asked to stop it; its ranks are being ended
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has reached its end."""
        return self in TERMINAL


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
HELD = (Status.RUNNING, Status.CANCELLING)  # by a worker, or by children

# From each status, where a job may go. Every status change of the service is one of these.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED, Status.FAILED}),
    Status.RUNNING: frozenset(
        {Status.SUCCEEDED, Status.FAILED, Status.CANCELLING, Status.QUEUED},
    ),
    Status.CANCELLING: frozenset({Status.CANCELLED, Status.SUCCEEDED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset({Status.QUEUED}),  # by a user's resume, and by nothing else: ADR 0015
    Status.CANCELLED: frozenset({Status.QUEUED}),
}

RESUMABLE = frozenset({Status.FAILED, Status.CANCELLED})


def sources_of(target: Status) -> list[Status]:
    """Statuses from which ``target`` may be reached: what a compare-and-set update asks for."""
    return [source for source, targets in TRANSITIONS.items() if target in targets]


class Reason(StrEnum):
    """Why a job ended as it did, or why it still waits."""

    USER_CANCELLED = "user_cancelled"
    WORKER_LOST = "worker_lost"  # the worker or a rank was killed; retried from the last checkpoint
    CHECKPOINT_DAMAGED = "checkpoint_damaged"  # of ranks, and never of a job: retried from an older checkpoint
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"  # on a queued job: its last attempt found no room; it is tried again after a pause
    DIVERGED = "diverged"
    INVALID_DATA = "invalid_data"
    NO_MATCHING_WORKER = "no_matching_worker"  # on a queued job: no live worker has enough slots
    DEADLINE_EXCEEDED = "deadline_exceeded"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    INTERNAL_ERROR = "internal_error"
    CHILDREN_FAILED = "children_failed"  # of a sweep: not one of its jobs succeeded
    NOT_INSTALLED = "not_installed"  # the worker lacks a package or a compiler that the conditions ask for
    PARENT_FAILED = "parent_failed"  # the job that this one waited for gave it nothing to go on


class Outcome(StrEnum):
    """How one attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WORKER_LOST = "worker_lost"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    DIVERGED = "diverged"  # the training starts again with lower rates, as on_divergence asks
    CHECKPOINT_DAMAGED = "checkpoint_damaged"  # it could not go on from its checkpoint; does not count either
    DISK_FULL = "disk_full"  # there was no room for a file of the job; does not count either
    HANDED_BACK = "handed_back"  # the worker was stopped in good order; does not count against max_attempts
