"""Limits for decoded images of an archive: the same as for the unpacked archive.

A PNG file of one colour has a thousandth of the bytes of its pixels, and ``image_size`` enlarges what is small. So the
limits of archives hold for pixels too.
"""

import math
from dataclasses import dataclass

FREE_BYTES = 10_000_000  # so much may any archive come to, whatever the ratio
SMALLEST_SIZE, LARGEST_SIZE = 4, 1024  # legal values of image_size


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Of the pixels of one dataset, one byte for each channel of each.

    Attributes:
        unpacked_bytes: Most bytes of all images.
        ratio: Most bytes for each byte of the archive, where they are more than `FREE_BYTES`.
    """

    unpacked_bytes: int
    ratio: int

    def refusal(self, images: int, shape: tuple[int, int, int], archive_bytes: int, size: int | None) -> str | None:
        """Why so many images of a shape ``[channels, height, width]`` are too large; None where they are not.

        Args:
            images: How many.
            shape: Of each, once it is decoded.
            archive_bytes: Of the file that they come from.
            size: The ``image_size`` that was asked for.
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
