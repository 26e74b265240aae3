import pytest
import torch
from torch import nn

from worker.train.models.batch_norm import with_group_size


@pytest.mark.parametrize("shape", [(12, 3, 4, 4), (12, 3)])
def test_each_group_is_normalised_by_its_own_statistics(shape: tuple[int, ...]) -> None:
    plain = nn.BatchNorm2d(3) if len(shape) == 4 else nn.BatchNorm1d(3)
    nn.init.uniform_(plain.weight)
    grouped = with_group_size(nn.Sequential(plain), 4)
    inputs = torch.randn(shape)
    out = grouped(inputs)
    for group in range(3):  # samples i with i % 3 alike are a group
        part = inputs[group::3]
        reference = type(plain)(3)
        reference.load_state_dict(plain.state_dict())
        torch.testing.assert_close(out[group::3], reference(part))


def test_running_statistics_average_over_groups_and_serve_the_evaluation() -> None:
    grouped = with_group_size(nn.BatchNorm2d(2), 5)
    inputs = 3 + torch.randn(20, 2, 4, 4)
    grouped(inputs)
    means = torch.stack([inputs[group::4].mean((0, 2, 3)) for group in range(4)]).mean(0)
    torch.testing.assert_close(grouped.state_dict()["running_mean"], 0.1 * means)
    grouped.eval()
    assert grouped(inputs[:3]).shape == (3, 2, 4, 4)


def test_one_group_as_large_as_the_batch_is_plain_batch_norm() -> None:
    inputs, plain = torch.randn(8, 2, 4, 4), nn.BatchNorm2d(2)
    torch.testing.assert_close(with_group_size(nn.BatchNorm2d(2), 8)(inputs), plain(inputs))


def test_names_in_a_checkpoint_stay_the_same() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.BatchNorm2d(2)))
    names = list(model.state_dict())
    assert list(with_group_size(model, 4).state_dict()) == names
