"""Resolves the dataset that conditions name to the exact content that they are valid for."""

from sqlalchemy.orm import Session

from jobs.database.row_filter import image_limits_of
from jobs.database.tables.service import Dataset
from jobs.datasets.errors import UnusableDatasetError
from jobs.datasets.facts import Facts
from jobs.spec.conditions import Conditions, UploadedDataset
from jobs.spec.image_limits import ImageLimits

_OPTIONS = "/conditions/dataset/options"


def resolve_dataset(session: Session, conditions: Conditions) -> Conditions:
    """Add the SHA-256 of an uploaded dataset to the conditions, so that the fingerprint covers its content.

    The dataset's row is locked until the transaction ends, so that it cannot be deleted before the job exists.

    Raises:
        UnusableDatasetError: There is no such dataset, its content differs, or it does not go with the conditions.
    """
    dataset = conditions.dataset
    if not isinstance(dataset, UploadedDataset):
        return conditions
    row = session.get(Dataset, dataset.options.id, with_for_update={"read": True})
    if row is None:
        raise UnusableDatasetError(
            "unknown_dataset", f"{_OPTIONS}/id", f"there is no dataset {dataset.options.id!r} (GET /v1/datasets)"
        )
    if dataset.options.sha256 not in (None, row.sha256):
        raise UnusableDatasetError(
            "content_differs", f"{_OPTIONS}/sha256", f"must be that of {row.id}, {row.sha256}, or left out"
        )
    facts = Facts.model_validate(row.facts)
    _check(conditions, dataset, row.format, facts)
    limits = image_limits_of(session)
    if limits is not None and row.format == "image_folder":
        _check_images(limits, dataset, row.size_bytes, facts)
    options = dataset.options.model_copy(update={"sha256": row.sha256})
    return conditions.model_copy(update={"dataset": dataset.model_copy(update={"options": options})})


def _check(conditions: Conditions, dataset: UploadedDataset, form: str, facts: Facts) -> None:
    image_size = dataset.options.image_size
    if form == "npz" and image_size is not None:
        raise UnusableDatasetError(
            "no_image_files",
            f"{_OPTIONS}/image_size",
            f"must be left out: arrays are taken as they are, got {image_size}",
        )
    if form == "image_folder" and facts.shape is None and image_size is None:
        raise UnusableDatasetError(
            "missing", f"{_OPTIONS}/image_size", "is needed: the images are of different sizes and must be made equal"
        )
    samples = facts.training_samples(dataset.options.val_fraction)
    if conditions.global_batch_size > samples:
        raise UnusableDatasetError(
            "batch_larger_than_dataset",
            "/conditions/global_batch_size",
            f"must be at most {samples}, the training samples of {dataset.options.id}, "
            f"got {conditions.global_batch_size}",
        )
    if facts.task == "regression" and conditions.label_smoothing:
        raise UnusableDatasetError(
            "no_labels", "/conditions/label_smoothing", f"must be 0 for a regression, got {conditions.label_smoothing}"
        )


def _check_images(limits: ImageLimits, dataset: UploadedDataset, archive_bytes: int, facts: Facts) -> None:
    """Refuse images with too many pixels in all. The worker checks again, since it knows their channels."""
    size = dataset.options.image_size
    channels, height, width = facts.shape or [3, 0, 0]  # the channels of images of different sizes are not known
    shape = (channels, height, width) if size is None else (channels, size, size)
    refusal = limits.refusal(facts.samples, shape, archive_bytes, size)
    if refusal is not None:
        raise UnusableDatasetError("too_large_unpacked", f"{_OPTIONS}/image_size", refusal)
