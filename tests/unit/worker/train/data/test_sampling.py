import pytest
import torch

from worker.train.data.sampling import global_batch, rank_batch


@pytest.mark.parametrize(("samples", "size"), [(100, 10), (100, 7), (7, 7), (1437, 128), (5, 3)])
def test_every_sample_is_seen_once_an_epoch(samples: int, size: int) -> None:
    epochs = 3
    stream = torch.cat([global_batch(1, step, size, samples) for step in range(-(-epochs * samples // size))])
    for epoch in range(epochs):
        part = stream[epoch * samples : (epoch + 1) * samples]
        assert sorted(part.tolist()) == list(range(samples))


def test_every_batch_is_full_and_a_function_of_seed_and_step_alone() -> None:
    late_first = global_batch(3, 50, 64, 100)
    for step in range(60):
        assert len(global_batch(3, step, 64, 100)) == 64
    assert torch.equal(global_batch(3, 50, 64, 100), late_first)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = {tuple(global_batch(seed, epoch, 50, 50).tolist()) for seed in range(20) for epoch in range(20)}
    assert len(orders) == 400


@pytest.mark.parametrize("world_size", [1, 2, 4, 8])
def test_ranks_share_a_batch_without_overlap(world_size: int) -> None:
    batch = global_batch(0, 3, 64, 100)
    parts = [rank_batch(batch, rank, world_size) for rank in range(world_size)]
    assert {len(part) for part in parts} == {64 // world_size}
    assert torch.equal(torch.cat(parts), batch)
