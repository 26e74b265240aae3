import torch

from worker.train.data.splits import Data, Split, Statistics, measure, place

CPU = torch.device("cpu")
SAMPLES = 50


def table(budget_bytes: int | None = None) -> Data:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(SAMPLES, 5, generator=generator)
    targets = 100 + 10 * torch.randn(SAMPLES, 2, generator=generator)
    return place(Split(features, targets), Split(features[:23], targets[:23]), CPU, budget_bytes=budget_bytes)


def test_what_is_larger_than_the_budget_stays_where_it_is() -> None:
    data = table()
    size = data.train.size_bytes + data.val.size_bytes
    assert place(data.train, data.val, CPU, budget_bytes=size).resident
    assert not place(data.train, data.val, CPU, budget_bytes=size - 1).resident


def test_values_that_never_vary_are_not_divided_by_nothing() -> None:
    found: Statistics = measure(Split(torch.full((4, 2), 7.0), torch.full((4, 1), 3.0)))
    assert (found.mean.item(), found.std.item()) == (7, 1)
    assert found.target_std is not None
    assert found.target_std.item() == 1
