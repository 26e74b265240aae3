"""`find_lr` around a step function: what it finds, what it puts back, what it refuses."""

import hashlib
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from clr_core.bounds import suggest_bounds
from clr_core.errors import InvalidArgumentError
from clr_core.range_test import RangeTestPlan
from clr_core.schedules import constant
from clr_core.torch import FoundLR, ScheduledLR, find_lr

SHORT = RangeTestPlan(1e-5, 10.0, 40)
Batch = tuple[Tensor, Tensor]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on several threads, the more so where other tests run beside."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Task:
    """A small network with batch norm and dropout, its optimizer and its scaler."""

    def __init__(self, **options: Any) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 4))
        self.optimizer = torch.optim.SGD(self.model.parameters(), **({"lr": 0.1, "momentum": 0.9} | options))
        self.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
        self.lrs: list[float] = []
        inputs = torch.randn(256, 8)
        data = torch.utils.data.TensorDataset(inputs, (inputs @ torch.randn(8, 4)).argmax(1))
        self.loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)

    def step(self, batch: Batch) -> Tensor:
        self.lrs.append(float(self.optimizer.param_groups[0]["lr"]))
        random.random(), np.random.random()
        self.model.train()
        inputs, targets = batch
        loss = nn.functional.cross_entropy(self.model(inputs), targets)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        return loss

    def find(self, step: Callable[[Any], Any] | None = None, **options: Any) -> FoundLR:
        given: dict[str, Any] = {
            "optimizers": self.optimizer,
            "restore": [self.model, self.scaler],
            "plan": SHORT,
            "replicas": 1,
        }
        return find_lr(step or self.step, self.loader, **(given | options))

    def state(self) -> str:
        """A hash of all that a step changes."""
        gradients = [None if p.grad is None else p.grad.numpy().tobytes() for p in self.model.parameters()]
        weights = [(name, value.numpy().tobytes()) for name, value in self.model.state_dict().items()]
        optimizer = self.optimizer.state_dict()
        held = [
            weights, gradients, [module.training for module in self.model.modules()],
            [(key, {n: v.numpy().tobytes() if isinstance(v, Tensor) else v for n, v in each.items()})
             for key, each in optimizer["state"].items()],
            optimizer["param_groups"], self.scaler.state_dict(), dict(self.scaler._per_optimizer_states),
            random.getstate(), str(np.random.get_state(legacy=True)), torch.get_rng_state().numpy().tobytes(),
        ]  # fmt: skip
        return hashlib.sha256(pickle.dumps(held)).hexdigest()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_reading_is_told_of_the_optimizer(momentum: float) -> None:
    found = Task(momentum=momentum).find(replicas=2, plan=RangeTestPlan(1e-5, 10.0, 60))
    alone = suggest_bounds(found.curves)
    assert found.max_lr is not None
    assert alone.max_lr is not None
    assert found.max_lr == pytest.approx(min(10.0, alone.max_lr * (1.0 if momentum else 10**0.3)))


def test_it_finds_a_rate_that_trains() -> None:
    task = Task()
    found = task.find(replicas=3, plan=RangeTestPlan(1e-5, 10.0, 100))
    assert found.max_lr is not None
    assert found.base_lr is not None
    assert found.interval is not None
    assert 1e-2 < found.max_lr < 10
    assert found.interval.low <= found.max_lr <= found.interval.high
    assert found.grade == found.bounds.grade
    assert found.warnings == found.bounds.warnings
    scheduler = found.one_cycle(task.optimizer, total_steps=100)
    losses: list[float] = []
    while len(losses) < 100:
        for batch in task.loader:
            losses.append(task.step(batch).item())
            scheduler.step()
    assert np.mean(losses[-8:]) < np.mean(losses[:8]) / 2


@pytest.mark.parametrize("steps_before", [0, 3])
def test_everything_is_put_back_to_the_bit(steps_before: int) -> None:
    task = Task()
    for _, batch in zip(range(steps_before), task.loader, strict=False):
        task.step(batch)
    task.model[3].eval()
    before = task.state()
    first = task.find(replicas=2)
    assert task.state() == before
    again = task.find(replicas=2)
    assert again.curves == first.curves


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_everything_is_put_back_after_an_exception_too(error: type[BaseException]) -> None:
    task = Task()
    before = task.state()

    def step(batch: Batch) -> Tensor:
        if len(task.lrs) == 25:
            task.scaler.scale(task.model(batch[0]).sum()).backward()
            task.scaler.unscale_(task.optimizer)
            raise error
        return task.step(batch)

    with pytest.raises(error):
        task.find(step)
    assert task.state() == before
    task.find()


def test_a_model_that_is_not_in_restore_has_its_weights_put_back_all_the_same() -> None:
    task = Task()
    before = [parameter.clone() for parameter in task.model.parameters()]
    task.find(restore=())
    assert all(torch.equal(a, b) for a, b in zip(task.model.parameters(), before, strict=True))


def test_the_first_sweep_is_the_range_test_that_one_would_write() -> None:
    task, other = Task(), Task()
    curve = task.find().curves[0]
    losses: list[float] = []
    while len(losses) < len(curve.lrs):
        for batch in other.loader:
            other.optimizer.param_groups[0]["lr"] = SHORT.lr_at(min(len(losses), 39))
            losses.append(other.step(batch).item())
    assert list(curve.losses) == losses[: len(curve.losses)]
    assert list(curve.lrs) == SHORT.lrs()[: len(curve.lrs)]


def test_sweeps_see_different_batches() -> None:
    curves = Task().find(replicas=4).curves
    assert len({curve.losses[:10] for curve in curves}) == 4


def test_auto_makes_three_sweeps_and_at_most_eight() -> None:
    assert len(Task().find(replicas="auto").curves) in (3, 5, 8)


def test_ratios_between_groups_and_between_optimizers_are_kept() -> None:
    torch.manual_seed(0)
    layers = [nn.Linear(3, 3) for _ in range(3)]
    groups: list[dict[str, Any]] = [{"params": layers[0].parameters()}, {"params": layers[1].parameters(), "lr": 0.1}]
    first = torch.optim.SGD(groups, lr=0.4)
    second = torch.optim.Adam(layers[2].parameters(), lr=torch.tensor(0.2), foreach=False)
    seen: list[list[float]] = []

    def step(batch: Tensor) -> float:
        seen.append([float(group["lr"]) for each in (first, second) for group in each.param_groups])
        loss = torch.stack([layer(batch).square().mean() for layer in layers]).sum()
        loss.backward()
        for each in (first, second):
            each.step()
            each.zero_grad()
        return loss.item()

    held = second.param_groups[0]["lr"]
    found = find_lr(step, [torch.ones(2, 3)] * 5, optimizers=[first, second], plan=SHORT, replicas=1)
    for k, lrs in enumerate(seen):
        assert lrs == pytest.approx([SHORT.lr_at(k) * ratio for ratio in (1, 0.25, 0.5)], rel=1e-6)
    assert [group["lr"] for group in first.param_groups] == [0.4, 0.1]
    assert second.param_groups[0]["lr"] is held
    assert float(held) == pytest.approx(0.2)
    assert found.highest_lr == 0.4
    if found.max_lr is not None:
        tenth = found.max_lr / 10
        assert found.one_cycle(first, total_steps=50).get_last_lr() == pytest.approx([tenth, tenth / 4])
        assert [float(lr) for lr in found.one_cycle(second, total_steps=50).get_last_lr()] == pytest.approx([tenth / 2])


def test_an_iterator_is_taken_as_long_as_it_lasts() -> None:
    task = Task()
    batches = [batch for _ in range(10) for batch in task.loader]
    find_lr(task.step, iter(batches), optimizers=task.optimizer, restore=task.model, plan=SHORT, replicas=2)
    with pytest.raises(InvalidArgumentError, match=r"loader must be one that lasts .* ended after 20 batches"):
        find_lr(task.step, iter(batches[:20]), optimizers=task.optimizer, restore=task.model, plan=SHORT, replicas=1)


def test_a_stream_that_never_ends_is_fine() -> None:
    def stream() -> Iterator[Batch]:
        while True:
            yield from task.loader

    task = Task()
    assert len(find_lr(task.step, stream(), optimizers=task.optimizer, plan=SHORT, replicas=2).curves) == 2


def test_a_sampler_goes_on_by_epochs_and_is_put_back() -> None:
    task = Task()
    data = task.loader.dataset
    sampler: Any = torch.utils.data.DistributedSampler(data, num_replicas=2, rank=0)
    sampler.set_epoch(5)
    task.loader = torch.utils.data.DataLoader(data, batch_size=32, sampler=sampler)
    epochs = []

    def step(batch: Batch) -> Tensor:
        epochs.append(sampler.epoch)
        return task.step(batch)

    task.find(step)
    assert sorted(set(epochs))[:3] == [5, 6, 7]
    assert sampler.epoch == 5


def test_a_generator_of_the_loader_is_put_back_and_differs_between_sweeps() -> None:
    task = Task(lr=0.1)
    generator = torch.Generator().manual_seed(3)
    task.loader = torch.utils.data.DataLoader(task.loader.dataset, batch_size=32, shuffle=True, generator=generator)
    before = generator.get_state()
    assert len({curve.losses[0] for curve in task.find(replicas=3).curves}) == 3
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize(
    ("returned", "value"),
    [(None, "None"), ("0.3", "'0.3'"), (torch.zeros(2), r"shape \(2,\)"), (torch.zeros(1) * 1j, "complex")],
)
def test_a_step_that_returns_no_scalar_is_refused(returned: Any, value: str) -> None:
    task = Task()
    with pytest.raises(InvalidArgumentError, match=f"step must be a function that returns the loss.*{value}"):
        task.find(lambda _: returned)


def test_a_step_that_steps_a_scheduler_is_refused() -> None:
    task = Task()
    scheduler = ScheduledLR(task.optimizer, constant(0.3))

    def step(batch: Batch) -> Tensor:
        loss = task.step(batch)
        task.optimizer.param_groups[0]["lr"] = scheduler.get_lr()[0]
        return loss

    with pytest.raises(InvalidArgumentError, match="step must be a function that leaves the LR alone"):
        task.find(step)


def test_an_optimizer_that_is_never_stepped_is_refused() -> None:
    task = Task()
    idle = torch.optim.Adam(nn.Linear(2, 2).parameters())
    with pytest.raises(InvalidArgumentError, match=r"steps each of the optimizers given.*optimizer 1 \(Adam\)"):
        task.find(optimizers=[task.optimizer, idle])


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"step": 3}, "step"),
        ({"loader": []}, "loader"),
        ({"loader": 3}, "loader"),
        ({"optimizers": []}, "optimizers"),
        ({"optimizers": 3}, "optimizers"),
        ({"optimizers": [3]}, "optimizers"),
        ({"restore": [3]}, "restore"),
        ({"replicas": 0}, "replicas"),
        ({"replicas": "many"}, "replicas"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], name: str) -> None:
    task = Task()
    given: dict[str, Any] = {"step": task.step, "loader": task.loader, "optimizers": task.optimizer} | arguments
    with pytest.raises(InvalidArgumentError) as refusal:
        find_lr(given.pop("step"), given.pop("loader"), **given)
    assert refusal.value.name == name


def test_an_optimizer_without_parameters_is_refused() -> None:
    task = Task()
    empty = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    empty.param_groups[0]["params"].clear()
    with pytest.raises(
        InvalidArgumentError, match="optimizers must be ones that have some, got 'SGD without parameters'"
    ):
        task.find(optimizers=empty)


def test_a_bar_is_shown_on_request_alone(capfd: pytest.CaptureFixture[str]) -> None:
    Task().find()
    assert capfd.readouterr().err == ""
    Task().find(progress=True)
    assert "sweep 1/1 [" in capfd.readouterr().err
