"""The HTTP status of each error of the service."""

from jobs.datasets.errors import (
    DatasetInUseError,
    DatasetNotFoundError,
    InvalidDatasetError,
    StorageError,
    UnsupportedUploadError,
    UnusableDatasetError,
    UploadCutOffError,
    UploadTooLargeError,
)
from jobs.errors import (
    BoundsNotReadyError,
    ConditionsDifferError,
    IdempotencyKeyReusedError,
    JobInUseError,
    JobNotFoundError,
    JobNotTerminalError,
    JobsError,
    KeyNotFoundError,
    NoBoundsError,
    NoComparisonError,
    NoEpochsError,
    NoPlotError,
    NoSuchFileError,
    NoTableError,
    NoTimesError,
    NotResumableError,
    TooManyJobsError,
    UnusableBoundsError,
    UnusableStartError,
    WorkerNotFoundError,
)

STATUS_OF: dict[type[JobsError], int] = {
    JobNotFoundError: 404,
    IdempotencyKeyReusedError: 409,
    ConditionsDifferError: 409,
    BoundsNotReadyError: 409,
    NoBoundsError: 409,
    NoEpochsError: 409,
    NoTimesError: 409,
    NoPlotError: 409,
    NoTableError: 409,
    NoComparisonError: 409,
    NoSuchFileError: 409,
    UnusableBoundsError: 409,
    UnusableStartError: 409,
    NotResumableError: 409,
    JobNotTerminalError: 409,
    JobInUseError: 409,
    WorkerNotFoundError: 404,
    DatasetNotFoundError: 404,
    DatasetInUseError: 409,
    InvalidDatasetError: 422,
    UnusableDatasetError: 422,
    UploadCutOffError: 400,
    UploadTooLargeError: 413,
    UnsupportedUploadError: 415,
    StorageError: 507,
    KeyNotFoundError: 404,
    TooManyJobsError: 429,
}
RETRY_AFTER_S: dict[type[JobsError], str] = {BoundsNotReadyError: "1", TooManyJobsError: "30"}

# Errors of a spec that do not concern a single field.
SUBMITTING: tuple[type[JobsError], ...] = (
    JobNotFoundError, ConditionsDifferError, NoBoundsError, UnusableBoundsError, UnusableStartError,
    UnusableDatasetError,
)  # fmt: skip
