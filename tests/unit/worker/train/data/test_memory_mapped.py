import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from jobs.errors import TrainingError
from jobs.spec.image_limits import ImageLimits
from jobs.status import Reason
from tests.archives import FEATURES, LABELS, PIXELS, class_folders, npz, picture, tarred, zipped
from tests.uploaded import fetched
from worker.train.data.memory_mapped import load_uploaded
from worker.train.data.splits import Split, Statistics, measure


def loaded(folder: Path, content: bytes, **changes: Any) -> tuple[Split, Split, Statistics]:
    return load_uploaded(fetched(folder, content, **changes), folder)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float16", ">f4", "float64"])
def test_arrays_are_split_by_class_and_mapped_as_float32(tmp_path: Path, dtype: str, order: Any) -> None:
    x = FEATURES.astype(dtype, order=order)
    train, val, statistics = loaded(tmp_path, npz(x=x, y=LABELS.astype("uint8")), val_fraction=0.25)
    assert (len(train), len(val)) == (45, 15)
    assert torch.bincount(train.targets).tolist() == [15, 15, 15]
    assert (train.inputs.dtype, train.targets.dtype) == (torch.float32, torch.int64)
    rows = {tuple(row) for row in x.astype(np.float32).tolist()}
    assert {tuple(row) for row in torch.cat([train.inputs, val.inputs]).tolist()} == rows
    expected = measure(train)
    assert torch.equal(statistics.mean, expected.mean)
    assert torch.equal(statistics.std, expected.std)


def test_splits_and_channels_stay_as_they_came(tmp_path: Path) -> None:
    content = npz(x_train=PIXELS, y_train=LABELS, x_val=PIXELS[:9], y_val=LABELS[:9])
    train, val, _ = loaded(tmp_path, content)
    assert torch.equal(train.inputs, torch.from_numpy(PIXELS).permute(0, 3, 1, 2))
    assert torch.equal(val.targets, torch.from_numpy(LABELS[:9]))


def test_numbers_to_predict_have_a_column_each(tmp_path: Path) -> None:
    train, _, statistics = loaded(tmp_path, npz(x=FEATURES, y=FEATURES[:, 0].astype(np.float64)))
    assert train.targets.shape == (48, 1)
    assert torch.equal(train.targets[:, 0], train.inputs[:, 0])
    assert statistics.target_mean is not None
    assert statistics.target_mean.item() == pytest.approx(train.targets.mean().item(), abs=1e-6)


def test_images_are_decoded_in_the_size_that_was_asked_for(tmp_path: Path) -> None:
    pictures = [*class_folders(), ("cat/wide.jpeg", picture(40, 20, form="JPEG"))]
    for size, archive in ((8, zipped(pictures)), (12, tarred(pictures))):
        train, val, _ = loaded(tmp_path / str(size), archive, image_size=size)
        assert train.inputs.shape == (7, 3, size, size)
        assert train.inputs.dtype == torch.uint8
        assert sorted(torch.cat([train.targets, val.targets]).tolist()) == [0] * 5 + [1] * 4
    train, val, _ = loaded(tmp_path / "same", zipped(class_folders()))
    expected = np.asarray(Image.open(io.BytesIO(picture(seed=2)))).transpose(2, 0, 1)
    assert any(np.array_equal(image, expected) for image in torch.cat([train.inputs, val.inputs]).numpy())


def test_folders_for_splits_are_the_splits_and_grey_pictures_stay_grey(tmp_path: Path) -> None:
    grey = [(f"{split}/{name}/0.png", picture(5, 7, mode="L")) for split in ("train", "val") for name in ("a", "b")]
    train, val, _ = loaded(tmp_path, zipped([*grey, ("train/a/1.png", picture(5, 7, mode="L"))]))
    assert (train.inputs.shape, val.inputs.shape) == ((3, 1, 7, 5), (2, 1, 7, 5))


def test_a_dataset_is_made_ready_once_for_all_ranks_and_again_where_a_file_was_cut_off(tmp_path: Path) -> None:
    content = npz(x=FEATURES, y=LABELS)
    options = fetched(tmp_path, content)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: load_uploaded(options, tmp_path), range(4)))
    (made,) = tmp_path.glob("uploaded/*/val-*/x_train.npy")
    first = made.stat().st_mtime_ns
    load_uploaded(options, tmp_path)
    assert made.stat().st_mtime_ns == first
    for other in results[1:]:
        assert torch.equal(other[0].inputs, results[0][0].inputs)
    with made.open("r+b") as file:
        file.truncate(200)
    assert torch.equal(load_uploaded(options, tmp_path)[0].targets, results[1][0].targets)
    assert made.stat().st_size > 200
    assert not list(tmp_path.glob("uploaded/*/*.part"))


def test_a_dataset_is_made_ready_again_where_a_byte_of_it_was_changed(tmp_path: Path) -> None:
    options = fetched(tmp_path, npz(x=FEATURES, y=LABELS))
    inputs = load_uploaded(options, tmp_path)[0].inputs.clone()
    (made,) = tmp_path.glob("uploaded/*/val-*/x_train.npy")
    with made.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    assert torch.equal(load_uploaded(options, tmp_path)[0].inputs, inputs)


def test_an_image_that_cannot_be_decoded_is_named_and_nothing_half_made_is_left(tmp_path: Path) -> None:
    cut = picture(60, 60, form="JPEG")[:-700]
    options = fetched(tmp_path, zipped([*class_folders(), ("cat/cut.jpeg", cut)]), image_size=8)
    with pytest.raises(TrainingError, match=r"'cat/cut.jpeg' cannot be decoded") as caught:
        load_uploaded(options, tmp_path)
    assert caught.value.reason is Reason.INVALID_DATA
    assert sorted(path.name for path in tmp_path.glob("uploaded/*/*")) == ["archive", "archive.json", "lock"]


def test_images_that_would_come_to_too_many_pixels_are_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    content = tarred([*class_folders(), ("cat/wide.png", picture(40, 20))])
    limits = ImageLimits(unpacked_bytes=9 * 3 * 100, ratio=200)
    options = fetched(tmp_path, content, image_size=11)
    with pytest.raises(
        TrainingError, match=r"image_size must be 4 to 10, got 11: 9 images of 11 x 11 pixels"
    ) as caught:
        load_uploaded(options, tmp_path, limits)
    assert caught.value.reason is Reason.INVALID_DATA
    assert not list(tmp_path.glob("uploaded/*/val-*"))
    assert load_uploaded(fetched(tmp_path, content, image_size=10), tmp_path, limits)[0].inputs.shape[-1] == 10


def test_a_small_file_may_come_to_no_more_pixels_than_its_bytes_times_the_ratio() -> None:
    limits = ImageLimits(unpacked_bytes=16 * 2**30, ratio=200)
    refusal = limits.refusal(800, (3, 1024, 1024), 126_000, 1024)  # 2.4 GB, as it was once seen on a worker's disk
    assert refusal is not None
    assert "must be 4 to 102, got 1024" in refusal
    assert limits.refusal(800, (3, 102, 102), 126_000, 102) is None
    assert limits.refusal(1000, (3, 57, 57), 1, 57) is None  # below 10 MB the ratio says nothing
    assert limits.refusal(50_000_000, (3, 1, 1), 1, None) is not None
    assert "cannot be small enough" in str(limits.refusal(50_000_000, (3, 4, 4), 1, 4))
