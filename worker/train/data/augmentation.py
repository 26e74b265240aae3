"""Augmentation of image batches on the device, for the whole batch at once.

Random draws are a pure function of (seed, step) and a sample's index in the global batch. So a resumed training
continues bit by bit, any number of ranks draws the same, and torch's global random state is not touched.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Kind = Literal["none", "flip", "crop_flip", "crop_flip_cutout"]

_GOLDEN = 0x9E3779B97F4A7C15  # 2 ** 64 / golden ratio: spreads neighbouring seeds and steps
_SALT = 0xD1B54A32D192ED03  # a different stream from the order of the samples
_MASK = (1 << 63) - 1


def padding(height: int) -> int:
    """Return the padding of a crop in pixels: an eighth of the height, 4 at 32 (He et al. 2016, 4.2)."""
    return max(height // 8, 1)


@dataclass(frozen=True, slots=True)
class Draws:
    """Random draws for some images, each ``[N]``: flips (bool), corners of crops and centres of cutouts (int64)."""

    flip: Tensor
    top: Tensor
    left: Tensor
    middle_row: Tensor
    middle_column: Tensor


def draw(seed: int, step: int, first: int, count: int, size: tuple[int, int]) -> Draws:
    """Draw for indices ``first`` to ``first + count`` of the global batch of a step, on the CPU.

    Args:
        seed: Seed of the data order.
        step: Zero-based step.
        first: First index of this rank in the global batch.
        count: Number of samples of this rank.
        size: Height and width of the images.
    """
    generator = torch.Generator().manual_seed((seed * _GOLDEN ^ (step + 1) * _SALT) & _MASK)
    # One index at a time, so that the draws of a sample do not depend on the batch size.
    uniform = torch.rand(first + count, 5, generator=generator, dtype=torch.float64)[first:]
    height, width = size
    spans = torch.tensor([2, 2 * padding(height) + 1, 2 * padding(width) + 1, height, width], dtype=torch.float64)
    flip, top, left, row, column = (uniform * spans).long().unbind(1)
    return Draws(flip.bool(), top, left, row, column)


def augment(images: Tensor, draws: Draws, kind: Kind) -> Tensor:
    """Return augmented images ``[N, C, H, W]``, as a copy unless ``kind`` is "none".

    Crop: pad with zeros (the mean of normalised images) on all sides and cut to the original size. Flip: left to right,
        with probability 1/2. Cutout: set a square of half the height to zero; it may cross the border (DeVries & Taylor
        2017, arXiv:1708.04552).
    """
    if kind == "none":
        return images
    if kind != "flip":
        images = _crop(images, draws)
    images = torch.where(_by_image(draws.flip, images), images.flip(3), images)
    return _cutout(images, draws) if kind == "crop_flip_cutout" else images


def _by_image(values: Tensor, images: Tensor) -> Tensor:
    return values.to(images.device, non_blocking=True).view(-1, 1, 1, 1)


def _crop(images: Tensor, draws: Draws) -> Tensor:
    count, _, height, width = images.shape
    down, aside = padding(height), padding(width)
    padded = functional.pad(images, (aside, aside, down, down))
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # views [N, C, corners, corners, H, W]
    device = images.device
    top, left = draws.top.to(device, non_blocking=True), draws.left.to(device, non_blocking=True)
    return windows[torch.arange(count, device=device), :, top, left]


def _cutout(images: Tensor, draws: Draws) -> Tensor:
    height, width = images.shape[2:]
    reach = max(height // 4, 1)
    rows = torch.arange(height, device=images.device).view(1, 1, -1, 1) - _by_image(draws.middle_row, images)
    columns = torch.arange(width, device=images.device).view(1, 1, 1, -1) - _by_image(draws.middle_column, images)
    inside = (rows >= -reach) & (rows < reach) & (columns >= -reach) & (columns < reach)
    return images.masked_fill(inside, 0.0)
