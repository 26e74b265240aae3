from pathlib import Path

import numpy as np
import pytest
import torch

from clr_core.schedules import constant_batch_size, warm_start_batch_size
from clr_core.schedules.batch_size import BatchSizeSchedule
from worker.train.data.batches import ResidentFeed, StreamingFeed, make_feed, validation_batches
from worker.train.data.splits import Data, Split, place
from worker.train.process_group import ProcessGroup

CPU = torch.device("cpu")
SAMPLES = 50
WARM_START = warm_start_batch_size(24, 6, 5)


def images(dtype: torch.dtype = torch.uint8, budget_bytes: int | None = None) -> Data:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (SAMPLES, 3, 4, 4), generator=generator).to(dtype)
    numbers = torch.arange(SAMPLES)
    return place(Split(pixels, numbers), Split(pixels[:23], numbers[:23]), CPU, budget_bytes=budget_bytes)


def table(budget_bytes: int | None = None) -> Data:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(SAMPLES, 5, generator=generator)
    targets = 100 + 10 * torch.randn(SAMPLES, 2, generator=generator)
    return place(Split(features, targets), Split(features[:23], targets[:23]), CPU, budget_bytes=budget_bytes)


def world(rank: int = 0, size: int = 1) -> ProcessGroup:
    return ProcessGroup(rank, size, CPU)


PAIRS = {
    "uint8": (images(), images(budget_bytes=0)),
    "float": (images(torch.float32), images(torch.float32, budget_bytes=0)),
    "table": (table(), table(budget_bytes=0)),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("sizes", [constant_batch_size(12), WARM_START], ids=["constant", "warm start"])
def test_a_streaming_feed_gives_the_batches_of_a_resident_one_to_the_bit(
    pair: tuple[Data, Data], sizes: BatchSizeSchedule
) -> None:
    for size in (1, 2, 3):
        for rank in range(size):
            resident = make_feed(pair[0], world(rank, size), seed=3, sizes=sizes)
            streaming = make_feed(pair[1], world(rank, size), seed=3, sizes=sizes)
            assert (type(resident), type(streaming)) == (ResidentFeed, StreamingFeed)
            for step in [*range(20), 7, 8, 40, 3]:  # a resumed run begins anywhere
                for one, other in zip(resident.batch(step), streaming.batch(step), strict=True):
                    assert torch.equal(one, other)


def test_processes_that_read_ahead_change_nothing_and_leave_the_global_random_numbers_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", images().train.inputs.numpy())
    mapped = torch.from_numpy(np.load(tmp_path / "x.npy", mmap_mode="c"))
    plain = images()
    data = Data(
        Split(mapped, plain.train.targets), plain.val, plain.statistics, plain.classes, resident=False, stream_workers=2
    )
    before = torch.get_rng_state()
    ahead = make_feed(data, world(), seed=1, sizes=constant_batch_size(16))
    resident = make_feed(plain, world(), seed=1, sizes=constant_batch_size(16))
    for step in [2, 3, 4, 5, 6, 11]:
        for one, other in zip(resident.batch(step), ahead.batch(step), strict=True):
            assert torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("world_size", [1, 2, 3])
@pytest.mark.parametrize("sizes", [constant_batch_size(12), WARM_START], ids=["constant", "warm start"])
@pytest.mark.parametrize("resident", [True, False])
def test_every_sample_is_fed_once_an_epoch_over_all_ranks(
    world_size: int, sizes: BatchSizeSchedule, resident: bool
) -> None:
    data = images(budget_bytes=None if resident else 0)
    feeds = [make_feed(data, world(rank, world_size), seed=5, sizes=sizes) for rank in range(world_size)]
    seen: list[int] = []
    for step in range(20):
        parts = [feed.batch(step)[1] for feed in feeds]
        assert [len(part) for part in parts] == [sizes.batch_size_at(step) // world_size] * world_size
        seen += torch.cat(parts).tolist()
    for epoch in range(len(seen) // SAMPLES):
        assert sorted(seen[epoch * SAMPLES : (epoch + 1) * SAMPLES]) == list(range(SAMPLES))


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_the_validation_split_is_shared_out_whole(resident: bool, world_size: int) -> None:
    data = images(budget_bytes=None if resident else 0)
    seen: list[int] = []
    for rank in range(world_size):
        for inputs, targets in validation_batches(data, world(rank, world_size), 5):
            assert torch.equal(inputs, data.normalised(data.val.inputs[targets]))
            seen += targets.tolist()
    assert sorted(seen) == list(range(23))


@pytest.mark.parametrize("data", [one for pair in PAIRS.values() for one in pair])
def test_batches_are_float_with_mean_0_and_deviation_1_over_the_training_split(data: Data) -> None:
    inputs, targets = make_feed(data, world(), seed=0, sizes=constant_batch_size(SAMPLES)).batch(0)
    assert inputs.dtype == torch.float32
    for part in inputs.transpose(0, 1) if inputs.dim() == 4 else [inputs]:
        assert part.mean().item() == pytest.approx(0, abs=1e-6)
        assert part.std(unbiased=False).item() == pytest.approx(1, abs=1e-5)
    if data.task == "regression":
        assert targets.mean(0).abs().max() < 1e-5
        assert (targets.std(0, unbiased=False) - 1).abs().max() < 1e-5


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_device_is_fed_the_same_resident_and_streamed_through_pinned_memory() -> None:
    device = torch.device("cuda")
    split = images(budget_bytes=0).train
    resident = place(split, split, device)
    streaming = place(split, split, device, budget_bytes=0, stream_workers=2)
    feeds = [
        make_feed(data, ProcessGroup(0, 1, device), seed=3, sizes=constant_batch_size(12))
        for data in (resident, streaming)
    ]
    for step in [0, 1, 2, 9]:
        (one, labels), (other, same) = (feed.batch(step) for feed in feeds)
        assert one.device.type == other.device.type == "cuda"
        assert torch.equal(one, other)
        assert torch.equal(labels, same)
