"""Errors of uploaded datasets."""

from jobs.errors import JobsError


class InvalidDatasetError(JobsError):
    """The file is no dataset that this service can train on.

    Args:
        rule: Machine-readable name of the rule that it breaks.
        message: What is wrong, where, and what is legal.
    """

    code = "invalid_dataset"

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        self.errors = [{"pointer": "", "code": rule, "detail": message}]
        super().__init__(message)


class UploadTooLargeError(JobsError):
    """The file is larger than this server takes."""

    code = "body_too_large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"an uploaded file must have at most {limit_bytes} bytes (CLR_MAX_UPLOAD_BYTES)")


class UploadCutOffError(JobsError):
    """The connection ended before the whole file had come."""

    code = "upload_cut_off"


class UnsupportedUploadError(JobsError):
    """The body is a form, not a file."""

    code = "unsupported_media_type"


class StorageError(JobsError):
    """The server cannot write the file: its disk is full, say."""

    code = "storage_unavailable"


class DatasetNotFoundError(JobsError):
    """There is no dataset with this id."""

    code = "dataset_not_found"

    def __init__(self, dataset_id: str) -> None:
        super().__init__(f"there is no dataset {dataset_id!r}")


class DatasetInUseError(JobsError):
    """A job that has not ended needs the dataset."""

    code = "dataset_in_use"

    def __init__(self, dataset_id: str, job_ids: list[str]) -> None:
        super().__init__(f"{dataset_id} is used by jobs that have not ended: {', '.join(job_ids)}. Cancel them first.")


class UnusableDatasetError(JobsError):
    """The conditions ask for a dataset that is not there, or that does not go with them.

    Args:
        rule: Machine-readable name of the rule that is broken.
        pointer: JSON pointer of the field at fault.
        message: Its value and what is legal.
    """

    code = "unusable_dataset"

    def __init__(self, rule: str, pointer: str, message: str) -> None:
        self.errors = [{"pointer": pointer, "code": rule, "detail": message}]
        super().__init__(f"{pointer}: {message}")
