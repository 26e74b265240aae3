"""Every error of the service below the HTTP layer. The docstring of a class tells the user what the error means."""

from jobs.status import Reason


class JobsError(Exception):
    """Something was asked for that the service cannot do."""

    code = "jobs_error"


class JobNotFoundError(JobsError):
    """There is no job with this id."""

    code = "job_not_found"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id!r}")


class IdempotencyKeyReusedError(JobsError):
    """The same Idempotency-Key came with another body: one of the two is a mistake."""

    code = "idempotency_key_reused"

    def __init__(self, key: str, job_id: str) -> None:
        super().__init__(f"Idempotency-Key {key!r} was used for another body; that one made {job_id}")


class ConditionsDifferError(JobsError):
    """Bounds hold for the conditions they were found under, and the training asks for others."""

    code = "conditions_differ"

    def __init__(self, job_id: str, fields: list[str]) -> None:
        self.fields = fields
        super().__init__(
            f"the bounds of {job_id} were found under other conditions; these differ: {', '.join(fields)}. "
            'Leave "conditions" out to take those of that job, run a range test under the new ones, '
            'or set "allow_different_conditions": true',
        )


class NoEpochsError(JobsError):
    """Epochs are asked for of a job that has none, or has not counted its data yet."""

    code = "no_epochs"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"{job_id} has no epochs (yet): ask for x=step")


class NoTimesError(JobsError):
    """Times are asked for of a job that was run before times were kept."""

    code = "no_times"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"{job_id} was run before times were kept: ask for x=step")


class UnusableStartError(JobsError):
    """A range test cannot start from the weights of this job."""

    code = "unusable_start"

    def __init__(self, job_id: str, why: str) -> None:
        super().__init__(f"range_test.start_from: {job_id} {why}")


class BoundsNotReadyError(JobsError):
    """The range test has not finished, so there are no bounds yet."""

    code = "bounds_not_ready"

    def __init__(self, job_id: str, status: str) -> None:
        super().__init__(f"{job_id} is {status}: it has no bounds yet")


class NoBoundsError(JobsError):
    """The job ended without bounds, or is of a kind that has none."""

    code = "no_bounds"

    def __init__(self, job_id: str, why: str) -> None:
        super().__init__(f"{job_id} has no bounds: {why}")


class NoTableError(JobsError):
    """Only sweeps have a table."""

    code = "no_table"

    def __init__(self, job_id: str, kind: str) -> None:
        super().__init__(f"{job_id} has no table: it is a {kind} job, and only sweep jobs have one")


class NoComparisonError(JobsError):
    """Only ``compare`` jobs have a comparison."""

    code = "no_comparison"

    def __init__(self, job_id: str, kind: str) -> None:
        super().__init__(f"{job_id} has no comparison: it is a {kind} job, and only compare jobs have one")


class UnusableBoundsError(JobsError):
    """The schedule asks for a ``base_lr`` that is not below the peak of the bounds."""

    code = "unusable_bounds"

    def __init__(self, base_lr: float, max_lr: float) -> None:
        super().__init__(f"schedule.base_lr must be below the max_lr of the bounds, {max_lr:.6g}, got {base_lr}")


class NoSuchFileError(JobsError):
    """The job has no such file: none was made, none yet, or it is no longer kept."""

    code = "no_such_file"

    def __init__(self, job_id: str, what: str, why: str) -> None:
        super().__init__(f"{job_id} has no {what}: {why}")


class TooManyJobsError(JobsError):
    """The owner of the key has as many unfinished jobs as the server takes from one."""

    code = "too_many_jobs"

    def __init__(self, most: int) -> None:
        super().__init__(f"you have {most} jobs that have not ended, which is the limit; wait for some, or cancel some")


class KeyNotFoundError(JobsError):
    """There is no API key with this id."""

    code = "key_not_found"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"there is no key {key_id!r}")


class StaleAttemptError(JobsError):
    """Another attempt owns the job by now, so this one may write nothing more."""

    code = "stale_attempt"

    def __init__(self, job_id: str, attempt: int) -> None:
        super().__init__(f"attempt {attempt} no longer owns {job_id}")


class BrokerUnreachableError(JobsError):
    """The broker did not take a message. Nothing is lost: workers look into SQL too."""

    code = "broker_unreachable"


class TrainingError(JobsError):
    """A training ended for a reason that a user can act on.

    Args:
        reason: what kind of end it is.
        message: what happened and what to do about it.
    """

    code = "training_error"

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class NotResumableError(JobsError):
    """Only a job that failed or was cancelled can be resumed, while nothing rests on how it ended."""

    code = "not_resumable"

    def __init__(self, job_id: str, why: str) -> None:
        super().__init__(f"{job_id} cannot be resumed: {why}")


class JobNotTerminalError(JobsError):
    """A job must have ended before it can be deleted."""

    code = "job_not_terminal"

    def __init__(self, job_id: str, status: str) -> None:
        super().__init__(f"{job_id} is {status}: cancel it, and delete it when it has ended")


class JobInUseError(JobsError):
    """Another job needs this one, or it is a part of another."""

    code = "job_in_use"

    def __init__(self, job_id: str, why: str) -> None:
        super().__init__(f"{job_id} cannot be deleted: {why}")


class WorkerNotFoundError(JobsError):
    """No worker of this name is alive."""

    code = "worker_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no live worker {name!r}")


class NoPlotError(JobsError):
    """There is no picture of jobs of this kind."""

    code = "no_plot"

    def __init__(self, job_id: str, kind: str) -> None:
        super().__init__(f"{job_id} is a {kind} job, and there are no pictures of those")
