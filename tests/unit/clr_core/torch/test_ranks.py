"""`find_lr` on two real ranks: losses are averaged, both decide alike."""

import json
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from clr_core.range_test import RangeTestPlan
from clr_core.torch import find_lr
from clr_core.torch.ranks import mean_losses

Batch = tuple[Tensor, Tensor]


def on_a_rank(rank: int, folder: str, wrapped: bool) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    torch.manual_seed(0)
    inputs = torch.randn(512, 8)
    data = TensorDataset(inputs, (inputs @ torch.randn(8, 4)).argmax(1))
    model: nn.Module = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
    if wrapped:
        model = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    sampler: DistributedSampler[Batch] = DistributedSampler(data)
    own: list[float] = []

    def step(batch: Batch) -> Tensor:
        loss = nn.functional.cross_entropy(model(batch[0]), batch[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        own.append(loss.item())
        return loss

    loader = DataLoader(data, batch_size=32, sampler=sampler)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    plan = RangeTestPlan(1e-5, 100.0, 60)
    found = find_lr(step, loader, optimizers=optimizer, restore=model, replicas="auto", plan=plan)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    answer = [repr(found.bounds), [[repr(loss) for loss in curve.losses] for curve in found.curves]]
    report = {"answer": answer, "own": own, "losses": found.curves[0].losses[:5]}
    Path(folder, f"{rank}.json").write_text(json.dumps(report))
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.parametrize("wrapped", [True, False], ids=["ddp", "no gradients exchanged"])
def test_two_ranks_average_losses_and_answer_alike_to_the_bit(wrapped: bool, tmp_path: Path) -> None:
    spawn(on_a_rank, (str(tmp_path), wrapped), nprocs=2)
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert first["answer"] == second["answer"]
    assert first["own"] != second["own"]
    assert len(first["own"]) == len(second["own"])
    means = [(a + b) / 2 for a, b in zip(first["own"], second["own"], strict=True)][:5]
    assert first["losses"] == pytest.approx(means, rel=1e-12)


def test_one_process_is_a_mean_of_its_own() -> None:
    assert mean_losses([torch.tensor(0.5), torch.tensor(float("inf"))]) == [0.5, float("inf")]
