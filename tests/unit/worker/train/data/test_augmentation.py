import pytest
import torch
from torch import Tensor

from worker.train.data.augmentation import Draws, Kind, augment, draw, padding

KINDS: list[Kind] = ["none", "flip", "crop_flip", "crop_flip_cutout"]


def one_by_one(images: Tensor, draws: Draws, kind: Kind) -> Tensor:
    """The same by loops over images and pixels."""
    out = images.clone()
    count, _, height, width = images.shape
    for n in range(count if kind != "none" else 0):
        image = images[n]
        if kind != "flip":
            moved = torch.zeros_like(image)
            down, right = int(draws.top[n]) - padding(height), int(draws.left[n]) - padding(width)
            for row in range(height):
                for column in range(width):
                    if 0 <= row + down < height and 0 <= column + right < width:
                        moved[:, row, column] = image[:, row + down, column + right]
            image = moved
        if draws.flip[n]:
            image = torch.stack([image[:, :, width - 1 - column] for column in range(width)], dim=2)
        out[n] = image
        if kind == "crop_flip_cutout":
            row, column, reach = int(draws.middle_row[n]), int(draws.middle_column[n]), height // 4
            out[n, :, max(row - reach, 0) : row + reach, max(column - reach, 0) : column + reach] = 0
    return out


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(6, 3, 8, 8), (3, 1, 16, 10)])
def test_a_batch_at_once_is_what_image_by_image_gives(kind: Kind, shape: tuple[int, ...]) -> None:
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    draws = draw(1, 2, 0, shape[0], (shape[2], shape[3]))
    assert torch.equal(augment(images, draws, kind), one_by_one(images, draws, kind))


def test_draws_are_a_function_of_seed_step_and_place() -> None:
    whole = draw(3, 7, 0, 64, (32, 32))
    part = draw(3, 7, 16, 16, (32, 32))
    for one, other in ((whole.flip, part.flip), (whole.top, part.top), (whole.middle_column, part.middle_column)):
        assert torch.equal(one[16:32], other)
    assert not torch.equal(draw(3, 8, 0, 64, (32, 32)).top, whole.top)
    assert not torch.equal(draw(4, 7, 0, 64, (32, 32)).top, whole.top)


def test_drawing_leaves_the_global_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    augment(torch.zeros(4, 3, 8, 8), draw(0, 0, 0, 4, (8, 8)), "crop_flip_cutout")
    assert torch.equal(torch.get_rng_state(), before)


def test_every_shift_and_both_sides_are_drawn_about_equally_often() -> None:
    draws = draw(0, 0, 0, 9000, (32, 32))
    assert torch.bincount(draws.top, minlength=9).min() > 850
    assert draws.left.max() == 8
    assert 4200 < int(draws.flip.sum()) < 4800


def test_the_callers_images_stay_as_they_are() -> None:
    images = torch.randn(4, 1, 8, 8)
    kept = images.clone()
    augment(images, draw(0, 0, 0, 4, (8, 8)), "crop_flip_cutout")
    assert torch.equal(images, kept)
