import os
from pathlib import Path

import pytest

from jobs.errors import TrainingError
from jobs.files.artifacts import ArtifactStore
from jobs.status import Reason
from tests.archives import FEATURES, LABELS, npz
from tests.uploaded import ID, fetched, options_of, stored
from worker.attempt.dataset_download import fetch_dataset
from worker.train.data.memory_mapped import load_uploaded


def test_a_copy_that_a_disk_has_damaged_is_told_before_it_is_used_and_fetched_again(tmp_path: Path) -> None:
    content = npz(x=FEATURES, y=LABELS)
    options = fetched(tmp_path, content)
    (archive,) = tmp_path.glob("uploaded/*/archive")
    before = archive.stat()
    archive.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(archive, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a disk does it: no time changes
    with pytest.raises(TrainingError, match="fetched again") as caught:
        load_uploaded(options, tmp_path)
    assert caught.value.reason is Reason.WORKER_LOST
    fetch_dataset(options, stored(tmp_path, content), tmp_path)
    assert len(load_uploaded(options, tmp_path)[0].inputs) > 0


@pytest.mark.parametrize("harm", ["cut off", "changed", "gone", "unreadable"])
def test_a_stored_file_that_is_not_what_was_uploaded_is_invalid_data(tmp_path: Path, harm: str) -> None:
    content = npz(x=FEATURES, y=LABELS)
    store = stored(tmp_path, content)
    path = store.path(f"datasets/{ID}")
    if harm == "gone":
        path.unlink()
    elif harm == "unreadable":  # reading a folder raises an OSError, as a disk that fails does
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(content[:-100] if harm == "cut off" else b"x" + content[1:])
    with pytest.raises(TrainingError, match="upload it again") as caught:
        fetch_dataset(options_of(content), store, tmp_path)
    assert caught.value.reason is Reason.INVALID_DATA
    assert not [path for path in tmp_path.glob("uploaded/*/*") if path.is_file()]


def test_a_file_in_the_cache_is_used_while_it_is_as_it_was_left_and_fetched_again_where_not(tmp_path: Path) -> None:
    content = npz(x=FEATURES, y=LABELS)
    options = fetched(tmp_path, content)
    nowhere = ArtifactStore(tmp_path / "nowhere")
    fetch_dataset(options, nowhere, tmp_path)
    (archive,) = tmp_path.glob("uploaded/*/archive")
    archive.write_bytes(content[:-100])
    with pytest.raises(TrainingError, match="not in the artifact store"):
        fetch_dataset(options, nowhere, tmp_path)
    fetch_dataset(options, stored(tmp_path, content), tmp_path)
    assert archive.read_bytes() == content
