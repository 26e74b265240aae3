"""An uploaded dataset in a store, and its copy in the cache of a worker."""

import hashlib
import io
from pathlib import Path
from typing import Any

from jobs.files.artifacts import ArtifactStore
from jobs.spec.conditions import UploadedOptions
from worker.attempt.dataset_download import fetch_dataset

ID = f"ds_{'7' * 32}"


def options_of(content: bytes, **changes: Any) -> UploadedOptions:
    return UploadedOptions.model_validate({"id": ID, "sha256": hashlib.sha256(content).hexdigest(), **changes})


def stored(folder: Path, content: bytes) -> ArtifactStore:
    store = ArtifactStore(folder / "store")
    store.write(f"datasets/{ID}", io.BytesIO(content))
    return store


def fetched(folder: Path, content: bytes, **changes: Any) -> UploadedOptions:
    options = options_of(content, **changes)
    fetch_dataset(options, stored(folder, content), folder)
    return options
