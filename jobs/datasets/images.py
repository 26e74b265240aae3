"""Checks an archive of class folders with images: ``class/name.png``, or ``train/class/…`` and ``val/class/…``."""

import io
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from PIL import Image

from jobs.datasets.archives import Limits, members
from jobs.datasets.errors import InvalidDatasetError
from jobs.datasets.facts import Facts
from jobs.datasets.npz import MOST_CLASSES

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
SPLITS = ("train", "val")
MOST_PIXELS = 50_000_000
MOST_IMAGE_BYTES = 100_000_000
GREY_MODES = ("1", "L")


@dataclass(frozen=True, slots=True)
class ImageLocation:
    """The split of an image (None if the archive is not split) and its class."""

    split: str | None
    class_name: str


def judge(file: IO[bytes], limits: Limits) -> Facts:
    """Return the facts of the images. This reads headers and compares checksums; the worker decodes pixels.

    Raises:
        InvalidDatasetError: The archive, a name or an image is invalid; the message says which.
    """
    names, sizes, grey = [], set(), True
    for name, image in images(file, limits):
        names.append(name)
        sizes.add(image.size)
        grey = grey and image.mode in GREY_MODES
        _verify(name, image)
    found = places(names)
    classes = class_names(found)
    _check_counts(found, classes)
    in_training = sum(place.split == "train" for place in found)
    width_height = sizes.pop() if len(sizes) == 1 else None
    return Facts(
        task="classification",
        samples=len(found),
        train_samples=in_training or None,
        shape=None if width_height is None else [1 if grey else 3, width_height[1], width_height[0]],
        dtype="uint8",
        classes=len(classes),
        class_names=classes,
    )


def images(file: IO[bytes], limits: Limits) -> Iterator[tuple[str, Image.Image]]:
    """Yield each image of an archive with its name, opened but not decoded.

    Raises:
        InvalidDatasetError: A file is no image, or too large.
    """
    for member in members(file, limits):
        if member.size_bytes > MOST_IMAGE_BYTES:
            raise _not_an_image(member.name, f"it has {member.size_bytes} bytes; at most {MOST_IMAGE_BYTES} are taken")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # checked below
                image = Image.open(io.BytesIO(member.reader.read()), formats=FORMATS)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise _not_an_image(member.name, "it is no PNG, JPEG, BMP, GIF or WebP image that can be read") from error
        if image.width * image.height > MOST_PIXELS:
            raise _not_an_image(member.name, f"it has {image.width} x {image.height} pixels, more than {MOST_PIXELS}")
        yield member.name, image


def places(names: Sequence[str]) -> list[ImageLocation]:
    """Return the split and class of each image, from its folders. A single folder around everything is ignored.

    Raises:
        InvalidDatasetError: They are not laid out in class folders.
    """
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    if not folders:
        raise InvalidDatasetError("no_images", "the archive holds no images")
    while all(len(parts) > 1 and parts[0] == folders[0][0] for parts in folders) and folders[0][0] not in SPLITS:
        folders = [parts[1:] for parts in folders]
    found = []
    for name, parts in zip(names, folders, strict=True):
        split = parts[0] if len(parts) == len(("split", "class")) and parts[0] in SPLITS else None
        if len(parts) - (split is not None) != 1:
            raise InvalidDatasetError(
                "wrong_layout", f"{name!r} must lie in a class folder: class/name, train/class/name or val/class/name"
            )
        found.append(ImageLocation(split, parts[-1]))
    if len({place.split is None for place in found}) > 1:
        raise InvalidDatasetError("wrong_layout", "all images must lie in train/ and val/, or none")
    return found


def class_names(found: Sequence[ImageLocation]) -> list[str]:
    """Return the sorted names of the classes: a label is an index into this list."""
    return sorted({place.class_name for place in found})


def _check_counts(found: Sequence[ImageLocation], classes: list[str]) -> None:
    if not 1 < len(classes) <= MOST_CLASSES:
        raise InvalidDatasetError(
            "wrong_layout", f"there must be 2 to {MOST_CLASSES} class folders, not {len(classes)}"
        )
    if found[0].split is None:
        counts = Counter(place.class_name for place in found)
        name, fewest = min(counts.items(), key=lambda item: item[1])
        if fewest == 1:
            raise InvalidDatasetError(
                "class_too_small", f"class {name!r} has one image; each needs two, one to train and one to validate"
            )
        return
    by_split = {split: {place.class_name for place in found if place.split == split} for split in SPLITS}
    if not by_split["val"] or by_split["val"] - by_split["train"]:
        raise InvalidDatasetError("wrong_layout", "val/ must have images, and no class that train/ has not")


def _verify(name: str, image: Image.Image) -> None:
    try:
        image.verify()
    except Exception as error:  # the type of error depends on the decoder
        raise _not_an_image(name, f"it is damaged: {error}") from error


def _not_an_image(name: str, why: str) -> InvalidDatasetError:
    return InvalidDatasetError("not_an_image", f"{name!r} is not usable: {why}")
