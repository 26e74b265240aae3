"""The cache of uploaded datasets: what is used stays, what was not used for longest goes first."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jobs.config.settings import Settings
from jobs.datasets.cache import folder_of, prepared_of, uploaded_in
from jobs.files.artifacts import ArtifactStore
from jobs.spec.conditions import NamedDataset, UploadedDataset, UploadedOptions
from tests.archives import FEATURES, LABELS, npz
from tests.unit.worker.train.data.test_memory_mapped import loaded
from tests.uploaded import fetched, options_of, stored
from worker.attempt import dataset_cache
from worker.train.data.memory_mapped import load_uploaded

CONTENTS = [npz(x=FEATURES + number, y=LABELS) for number in range(3)]


def made(folder: Path, number: int, *, used_at: int, **options: float) -> Path:
    """A dataset that was prepared and last used at a time; its prepared folder."""
    loaded(folder, CONTENTS[number], **options)
    chosen = options_of(CONTENTS[number], **options)
    prepared = prepared_of(folder_of(folder, str(chosen.sha256)), chosen)
    for path in (prepared, prepared.parent):
        lock = path.with_name(f"{path.name}.use")
        lock.touch()
        os.utime(lock, (used_at, used_at))
    return prepared


def size_of(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.glob("**/*") if path.is_file())


def test_what_was_not_used_for_longest_goes_first_and_no_more_than_must(tmp_path: Path) -> None:
    young, old, older = (made(tmp_path, number, used_at=3 - number) for number in range(3))
    uploaded = uploaded_in(tmp_path)
    assert dataset_cache.trim(uploaded, size_of(uploaded)) == []
    room = size_of(uploaded) - size_of(older)
    assert dataset_cache.trim(uploaded, room) == [older]
    assert older.parent.is_dir()  # its archive need not go
    assert dataset_cache.trim(uploaded, size_of(uploaded) - size_of(older.parent) - 1) == [older.parent, old]
    assert dataset_cache.trim(uploaded, 0) == [old.parent, young, young.parent]
    assert list(uploaded.iterdir()) == []


def test_one_content_prepared_in_many_ways_is_trimmed_too(tmp_path: Path) -> None:
    first, *others = (made(tmp_path, 0, used_at=at, val_fraction=0.2 + at / 10) for at in range(1, 4))
    assert dataset_cache.trim(uploaded_in(tmp_path), size_of(uploaded_in(tmp_path)) - 1) == [first]
    assert all(path.is_dir() for path in others)


def test_what_an_attempt_uses_stays_and_goes_after_it(tmp_path: Path) -> None:
    content = CONTENTS[0]
    settings = Settings(data_dir=tmp_path, dataset_cache_bytes=1)
    store, options = stored(tmp_path, content), options_of(content)
    unused = made(settings.datasets_dir, 0, used_at=1, val_fraction=0.5)
    uploaded = uploaded_in(settings.datasets_dir)
    with dataset_cache.in_use(UploadedDataset(name="uploaded", options=options), store, settings):
        load_uploaded(options, settings.datasets_dir)
        code = (
            f"from pathlib import Path; from worker.attempt.dataset_cache import trim; trim(Path({str(uploaded)!r}), 1)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)  # another worker's eyes
        train, _, _ = load_uploaded(options, settings.datasets_dir)
        assert len(train) == 48
        assert prepared_of(unused.parent, options).is_dir()
        assert not unused.exists()
    assert list(uploaded.iterdir()) == []


def test_who_waits_for_a_folder_that_is_being_removed_gets_it_anew(tmp_path: Path) -> None:
    content, settings = CONTENTS[0], Settings(data_dir=tmp_path)
    store = stored(tmp_path, content)
    options = fetched(settings.datasets_dir, content)
    lock = folder_of(settings.datasets_dir, f"{options.sha256}.use")
    found = []

    def use() -> None:
        with dataset_cache.in_use(UploadedDataset(name="uploaded", options=options), store, settings):
            found.append(len(load_uploaded(options, settings.datasets_dir)[0]))

    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = threading.Thread(target=use)
        thread.start()
        lock.unlink()  # as whoever removes a folder does in the end
    thread.join()
    assert found == [48]


def test_other_datasets_need_nothing(tmp_path: Path) -> None:
    digits = NamedDataset(name="digits")
    with dataset_cache.in_use(digits, ArtifactStore(tmp_path), Settings(data_dir=tmp_path)):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gone", ["archive", "ready.json"])
def test_what_a_removal_that_was_cut_off_has_left_is_made_again(tmp_path: Path, gone: str) -> None:
    options: UploadedOptions = fetched(tmp_path, CONTENTS[0])
    load_uploaded(options, tmp_path)
    (found,) = uploaded_in(tmp_path).glob(f"**/{gone}")
    found.unlink()
    assert len(loaded(tmp_path, CONTENTS[0])[0]) == 48
