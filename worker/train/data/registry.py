"""Loads the two splits of a dataset by its name."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jobs.errors import TrainingError
from jobs.spec.conditions import Dataset, EntryPointDataset, NamedDataset, NpzDataset, UploadedDataset
from jobs.status import Reason
from worker.rundir.plan import Plan
from worker.train.data.digits import load_digits
from worker.train.data.held_back import hold_back_rows
from worker.train.data.memory_mapped import load_uploaded
from worker.train.data.npz import load_npz
from worker.train.data.plugins import load_entry_point
from worker.train.data.splits import Data, Split, Statistics, place
from worker.train.data.statistics import cached_statistics
from worker.train.models.torchvision_ops import import_torchvision

VAL_FRACTION = 0.2
STATISTICS = ".statistics"


def load(plan: Plan, device: torch.device) -> Data:
    """Load the dataset of a plan onto the device, or set it up for streaming if it is larger than the plan allows.

    Raises:
        TrainingError: It is missing or broken; the message says where its files are expected.
    """
    train, val, statistics = _read(plan.conditions.dataset, plan)
    data = place(
        train, val, device,
        budget_bytes=plan.resident_bytes, stream_workers=plan.stream_workers, statistics=statistics,
    )  # fmt: skip
    if plan.conditions.global_batch_size > len(data.train):
        raise TrainingError(
            Reason.INVALID_DATA,
            f"global_batch_size is {plan.conditions.global_batch_size}, and the training split has "
            f"{len(data.train)} samples: it must be at most that",
        )
    return data


def _read(dataset: Dataset, plan: Plan) -> tuple[Split, Split, Statistics | None]:
    folder = plan.datasets_dir
    if isinstance(dataset, UploadedDataset):
        return load_uploaded(dataset.options, folder, plan.image_limits)
    if isinstance(dataset, EntryPointDataset):
        return *load_entry_point(dataset.options, folder), None
    if isinstance(dataset, NpzDataset):
        path = folder / dataset.options.path
        train, val = load_npz(path, dataset.options.val_fraction)
        found = path.stat()
        content = f"{dataset.options.path} {found.st_size} {found.st_mtime_ns} {dataset.options.val_fraction}"
        key = f"npz-{hashlib.sha256(content.encode()).hexdigest()}"
        return train, val, cached_statistics(folder / STATISTICS / f"{key}.json", train)
    if dataset.name == "digits":
        return *_digits(), None
    train, val = _torchvision(dataset, folder, plan.allow_downloads)
    return train, val, cached_statistics(folder / STATISTICS / f"{dataset.name}.json", train)


def _digits() -> tuple[Split, Split]:
    """Load scikit-learn's 1,797 images of 8 x 8 pixels; a fixed stratified fifth is held back."""
    images, labels = load_digits()
    inputs = images.astype(np.float32).reshape(-1, 1, 8, 8)
    kept, held = hold_back_rows(len(labels), VAL_FRACTION, labels)
    return _split(inputs[kept], labels[kept]), _split(inputs[held], labels[held])


def _split(inputs: Any, labels: Any) -> Split:
    return Split(torch.from_numpy(inputs), torch.from_numpy(labels))


_TORCHVISION = {"cifar10": "CIFAR10", "fashion_mnist": "FashionMNIST", "mnist": "MNIST"}


def _torchvision(dataset: NamedDataset, folder: Path, allow_downloads: bool) -> tuple[Split, Split]:
    load_one: Callable[..., Any] = getattr(import_torchvision().datasets, _TORCHVISION[dataset.name])
    try:
        parts = [load_one(root=str(folder), train=train, download=allow_downloads) for train in (True, False)]
    except Exception as error:  # torchvision passes on any error of reading or downloading
        advice = "" if allow_downloads else ", or let the server fetch them (CLR_ALLOW_DOWNLOADS=true)"
        raise TrainingError(
            Reason.INVALID_DATA,
            f"dataset {dataset.name} is not usable: {str(error).rstrip('.')}. Put its files, as torchvision.datasets."
            f"{_TORCHVISION[dataset.name]} lays them out, under {folder}{advice}.",
        ) from error
    train, val = (_images(part) for part in parts)
    return train, val


def _images(part: Any) -> Split:
    images, labels = torch.as_tensor(part.data), torch.as_tensor(part.targets)
    images = images.unsqueeze(1) if images.dim() == 3 else images.permute(0, 3, 1, 2)  # noqa: PLR2004 - grey or NHWC
    return Split(images.contiguous(), labels.long())
