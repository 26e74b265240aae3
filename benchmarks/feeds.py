"""Feeding batches, ours against a bare loop that indexes resident tensors: microseconds a batch, and their ratio.

    python benchmarks/feeds.py

One thread, best of several rounds; nothing is trained. The last line is JSON: `…_vs_bare` is bare time / our time, so
more than 1 is faster than the bare loop. `streamed` reads ahead with two processes.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from torch import Tensor

from clr_core.schedules import constant_batch_size
from worker.train.data.batches import make_feed
from worker.train.data.splits import Data, Split, place
from worker.train.process_group import ProcessGroup

CPU = torch.device("cpu")
BATCH, ROUNDS = 128, 7


def data(shape: tuple[int, ...], dtype: torch.dtype, samples: int, budget_bytes: int | None = None) -> Data:
    """Random inputs of ten classes."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 256, (samples, *shape), generator=generator).to(dtype)
    split = Split(inputs, torch.randint(0, 10, (samples,), generator=generator))
    return place(split, split, CPU, budget_bytes=budget_bytes, stream_workers=2)


def bare(found: Data, samples: int) -> Callable[[int], tuple[Tensor, Tensor]]:
    """What one writes by hand: normalised once where it is float, on the fly where it is uint8."""
    inputs, targets = found.train.inputs, found.train.targets
    mean, std = found.statistics.mean, found.statistics.std
    order, per_epoch = torch.randperm(samples), samples // BATCH

    def batch(step: int) -> tuple[Tensor, Tensor]:
        start = step % per_epoch * BATCH
        indices = order[start : start + BATCH]
        images = inputs[indices]
        return (images.float().sub_(mean).div_(std) if images.dtype == torch.uint8 else images), targets[indices]

    return batch


def microseconds(batch: Callable[[int], object], steps: int) -> float:
    best = float("inf")
    for number in range(ROUNDS):
        begun = time.perf_counter()
        for step in range(number * steps, (number + 1) * steps):
            batch(step)
        best = min(best, (time.perf_counter() - begun) / steps)
    return 1e6 * best


def main() -> None:
    torch.set_num_threads(1)
    found: dict[str, float] = {}
    cases = {"digits": ((1, 8, 8), torch.float32, 1437, 3000), "cifar": ((3, 32, 32), torch.uint8, 50_000, 300)}
    for name, (shape, dtype, samples, steps) in cases.items():
        resident = data(shape, dtype, samples)
        by_hand = microseconds(bare(resident, samples), steps)
        world, sizes = ProcessGroup(0, 1, CPU), constant_batch_size(BATCH)
        ours = microseconds(make_feed(resident, world, seed=0, sizes=sizes).batch, steps)
        streaming = data(shape, dtype, samples, budget_bytes=0)
        streamed = microseconds(make_feed(streaming, world, seed=0, sizes=sizes).batch, min(steps, 300))
        print(f"{name}: bare {by_hand:.1f} us, resident {ours:.1f} us, streamed {streamed:.1f} us a batch of {BATCH}")
        found[f"{name}_vs_bare"] = round(by_hand / ours, 3)
        found[f"{name}_streamed_us"] = round(streamed, 1)
    print(json.dumps(found | {"torch": str(torch.__version__)}))


if __name__ == "__main__":
    main()
