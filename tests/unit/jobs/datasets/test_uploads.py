import io
import random
import tempfile
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from jobs.datasets.archives import Limits
from jobs.datasets.errors import InvalidDatasetError
from jobs.datasets.facts import Facts
from jobs.datasets.uploads import judge
from jobs.spec.conditions import Conditions
from tests.archives import FEATURES, LABELS, PIXELS, REFUSED, class_folders, npz, picture, tarred, zipped
from tests.builders import conditions

LIMITS = Limits(entries=1000, unpacked_bytes=30_000_000, ratio=200)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_dataset_is_refused_with_the_rule_that_it_breaks(name: str) -> None:
    content, rule, message = REFUSED[name]
    with pytest.raises(InvalidDatasetError) as caught:
        judge(io.BytesIO(content), LIMITS)
    assert caught.value.rule == rule, str(caught.value)
    assert message in str(caught.value)


def of(**fields: Any) -> dict[str, Any]:
    known = {"task": "classification", "train_samples": None, "dtype": "float32", "classes": None}
    return known | {"class_names": None, "targets": None} | fields


UNSPLIT = of(samples=60)
CLASSES = UNSPLIT | {"shape": [5], "classes": 3}
NUMBERS = UNSPLIT | {"task": "regression", "shape": [5]}
IMAGES = of(samples=8, dtype="uint8", classes=2, class_names=["cat", "dog"], shape=[3, 8, 8])
LEGAL = {
    "features with classes": (npz(x=FEATURES, y=LABELS), CLASSES),
    "features in Fortran's order": (npz(x=np.asfortranarray(FEATURES), y=LABELS), CLASSES),
    "numbers of the other end": (npz(x=FEATURES.astype(">f8"), y=LABELS.astype(">i2")), CLASSES),
    "one number to predict": (npz(x=FEATURES, y=FEATURES[:, 0]), NUMBERS | {"targets": 1}),
    "several numbers": (npz(x=FEATURES, y=FEATURES), NUMBERS | {"targets": 5}),
    "colour images": (npz(x=PIXELS, y=LABELS), UNSPLIT | {"shape": [3, 6, 6], "dtype": "uint8", "classes": 3}),
    "grey images": (npz(x=PIXELS[..., 0], y=LABELS), UNSPLIT | {"shape": [1, 6, 6], "dtype": "uint8", "classes": 3}),
    "splits": (
        npz(x_train=FEATURES, y_train=LABELS, x_val=FEATURES[:20], y_val=LABELS[:20]),
        of(samples=80, train_samples=60, shape=[5], classes=3),
    ),
    "images in class folders": (zipped(class_folders()), IMAGES),
    "a folder around them, and what macOS adds": (
        zipped([*class_folders("pets/"), ("__MACOSX/pets/cat/._0.png", b"junk"), ("pets/.DS_Store", b"junk")]), IMAGES,
    ),
    "images in a tar": (tarred(class_folders(), "w"), IMAGES),
    "images of different sizes in a packed tar": (
        tarred([*class_folders(), ("cat/large.jpeg", picture(30, 20, form="JPEG"))]),
        IMAGES | {"samples": 9, "shape": None},
    ),
    "images in splits": (
        zipped([*class_folders("train/"), *class_folders("val/")]), IMAGES | {"samples": 16, "train_samples": 8},
    ),
    "grey pictures": (
        zipped([(f"{name}/{n}.png", picture(5, 7, mode="L")) for name in ("cat", "dog") for n in range(2)]),
        IMAGES | {"samples": 4, "shape": [1, 7, 5]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEGAL)
def test_the_facts_of_a_dataset_are_found_without_loading_it(name: str) -> None:
    content, facts = LEGAL[name]
    form, found = judge(io.BytesIO(content), LIMITS)
    assert form == ("npz" if b"x.npy" in content or b"x_train.npy" in content else "image_folder")
    assert found.model_dump() == facts


def test_whatever_bytes_are_changed_a_file_is_judged_and_never_breaks_the_judge() -> None:
    chance = random.Random(0)
    originals = [content for content, _ in LEGAL.values()]
    for _ in range(400):
        content = bytearray(chance.choice(originals))
        for _ in range(chance.choice((1, 1, 3, 30))):
            content[chance.randrange(len(content))] = chance.choice((0, 1, 255, chance.randrange(256)))
        content[-chance.randrange(1, 400)] = chance.randrange(256)  # where a zip has its directory
        with tempfile.TemporaryFile() as file, suppress(InvalidDatasetError):
            file.write(content[: chance.choice((len(content), chance.randrange(len(content))))])
            judge(file, LIMITS)


def test_zeros_that_pack_well_are_no_bomb_while_they_are_few() -> None:
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros((60, 30_000), np.uint8), y=LABELS)
    assert judge(file, LIMITS)[1].samples == 60


@pytest.mark.parametrize("fraction", [0.2, 0.25, 0.333, 0.5])
def test_the_training_samples_are_those_that_scikit_learn_leaves(fraction: float) -> None:
    for samples in (10, 17, 99, 1000):
        facts = Facts(task="regression", samples=samples, train_samples=None, shape=[1], dtype="float32", targets=1)
        train, _ = train_test_split(np.arange(samples), test_size=fraction)
        assert facts.training_samples(fraction) == len(train)


def test_the_content_of_an_upload_is_part_of_the_fingerprint() -> None:
    def fingerprint(sha256: str) -> str:
        options = {"id": f"ds_{'a' * 32}", "sha256": sha256}
        return Conditions.model_validate(conditions(dataset={"name": "uploaded", "options": options})).fingerprint()

    assert fingerprint("0" * 64) != fingerprint("1" * 64)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_options_of_an_entry_point_are_finite(value: float) -> None:
    dataset = {"name": "entry_point", "options": {"name": "spirals", "options": {"deep": [{"noise": value}]}}}
    with pytest.raises(ValueError, match="finite numbers only"):
        Conditions.model_validate(conditions(dataset=dataset))
