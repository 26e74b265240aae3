"""Decodes an uploaded archive of class folders into arrays of one image size."""

import os
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image

from jobs.datasets.archives import Limits
from jobs.datasets.errors import InvalidDatasetError
from jobs.datasets.images import GREY_MODES, class_names, images, places
from jobs.spec.image_limits import ImageLimits


def unpack_images(
    file: IO[bytes], folder: Path, size: int | None, limits: Limits, decoded: ImageLimits | None = None
) -> dict[str, NDArray[Any]]:
    """Return images ``[N, C, H, W] uint8``, mapped from files in ``folder``, and labels ``[N] int64``, by split if any.

    Args:
        file: The archive.
        folder: Folder to write to.
        size: Height and width that every image is resized to (bilinear, antialiased; the aspect ratio is not kept);
            None if all images have the same size.
        limits: Limits of the archive.
        decoded: Limits of its pixels.

    Raises:
        InvalidDatasetError: An image cannot be decoded, sizes differ and no size is given, or there are too many
            pixels.
    """
    seen = [(name, image.mode in GREY_MODES, image.size) for name, image in images(file, limits)]
    found = places([name for name, _, _ in seen])
    mode = "L" if all(grey for _, grey, _ in seen) else "RGB"
    sizes = {one for _, _, one in seen}
    if size is None and len(sizes) > 1:
        raise InvalidDatasetError("image_size", "its images are of different sizes: image_size is needed")
    width_height = sizes.pop() if size is None else (size, size)
    shape = (len(mode), width_height[1], width_height[0])
    refusal = None if decoded is None else decoded.refusal(len(found), shape, os.fstat(file.fileno()).st_size, size)
    if refusal is not None:
        raise InvalidDatasetError("too_large_unpacked", f"image_size {refusal}")
    writers = _Writers(folder, [place.split for place in found], shape)
    classes = {name: label for label, name in enumerate(class_names(found))}
    for place, (name, image) in zip(found, images(file, limits), strict=True):
        writers.add(place.split, _pixels(name, image, mode, width_height), classes[place.class_name])
    return writers.arrays()


def _pixels(name: str, image: Image.Image, mode: str, width_height: tuple[int, int]) -> NDArray[np.uint8]:
    try:
        image = image.convert(mode)
    except Exception as error:  # the type of error depends on the decoder
        raise InvalidDatasetError("not_an_image", f"{name!r} cannot be decoded: {error}") from error
    if image.size != width_height:
        image = image.resize(width_height, Image.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype=np.uint8).reshape(width_height[1], width_height[0], len(mode))
    return pixels.transpose(2, 0, 1)


class _Writers:
    """Writers of the images and labels of each split, in order of arrival."""

    def __init__(self, folder: Path, splits: list[str | None], shape: tuple[int, int, int]) -> None:
        self._suffixes = {split: f"_{split}" if split else "" for split in splits}
        self._images = {
            split: open_memmap(folder / f"x{suffix}.npy", "w+", np.uint8, (splits.count(split), *shape))
            for split, suffix in self._suffixes.items()
        }
        self._labels: dict[str | None, list[int]] = {split: [] for split in self._suffixes}

    def add(self, split: str | None, pixels: NDArray[np.uint8], label: int) -> None:
        self._images[split][len(self._labels[split])] = pixels
        self._labels[split].append(label)

    def arrays(self) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {}
        for split, suffix in self._suffixes.items():
            found[f"x{suffix}"] = self._images[split]
            found[f"y{suffix}"] = np.array(self._labels[split], dtype=np.int64)
        return found
