"""Limits for decoded images of an archive: the same as for the unpacked archive.

A PNG file of one colour has a thousandth of the bytes of its pixels, and ``image_size`` enlarges small images. So the
limits of archives apply to pixels too.
"""

import math
from dataclasses import dataclass

FREE_BYTES = 10_000_000  # any archive may decode to this size, whatever the ratio
SMALLEST_SIZE, LARGEST_SIZE = 4, 1024  # legal values of image_size


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Limits on the pixels of one dataset, at one byte for each channel.

    Attributes:
        unpacked_bytes: Maximum bytes of all images.
        ratio: Maximum bytes for each byte of the archive, if they exceed `FREE_BYTES`.
    """

    unpacked_bytes: int
    ratio: int

    def refusal(self, images: int, shape: tuple[int, int, int], archive_bytes: int, size: int | None) -> str | None:
        """Say why images of shape ``[channels, height, width]`` are too large in all; None if they are not.

        Args:
            images: Number of images.
            shape: Shape of each decoded image.
            archive_bytes: Size of the file that they come from.
            size: The requested ``image_size``.
        """
        channels, height, width = shape
        most = min(self.unpacked_bytes, max(self.ratio * archive_bytes, FREE_BYTES))
        found = images * channels * height * width
        if found <= most:
            return None
        largest = min(math.isqrt(most // (images * channels)), LARGEST_SIZE)
        legal = f"must be {SMALLEST_SIZE} to {largest}" if largest >= SMALLEST_SIZE else "cannot be small enough"
        return (
            f"{legal}, got {size}: {images} images of {height} x {width} pixels in {channels} channels are {found} "
            f"bytes, more than the {most} allowed for an archive of {archive_bytes} bytes "
            "(CLR_MAX_UNPACKED_BYTES, CLR_MAX_UPLOAD_RATIO)"
        )
