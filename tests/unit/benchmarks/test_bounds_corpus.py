"""The random tasks train as torch does, many members at once."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from benchmarks.bounds_corpus.generate import HELD_OUT, generate
from benchmarks.bounds_corpus.nets import NetPlan, StackedNet
from benchmarks.bounds_corpus.optimizers import FAMILIES, StackedOptimizer
from benchmarks.bounds_corpus.tasks import TURNS, CorpusTask, task_of
from benchmarks.bounds_corpus.training import batches, one_cycle_shape, one_cycles, range_tests

DECAY = 0.01
TORCH: dict[str, Callable[[Any, float], torch.optim.Optimizer]] = {
    "sgd": lambda p, lr: torch.optim.SGD(p, lr=lr, weight_decay=DECAY),
    "sgdm": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, weight_decay=DECAY),
    "nesterov": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True, weight_decay=DECAY),
    "adam": lambda p, lr: torch.optim.Adam(p, lr=lr, weight_decay=DECAY),
    "adamw": lambda p, lr: torch.optim.AdamW(p, lr=lr, weight_decay=DECAY),
    "rmsprop": lambda p, lr: torch.optim.RMSprop(p, lr=lr, weight_decay=DECAY),
    "adagrad": lambda p, lr: torch.optim.Adagrad(p, lr=lr, weight_decay=DECAY),
    "nadam": lambda p, lr: torch.optim.NAdam(p, lr=lr, weight_decay=DECAY),
    "adamax": lambda p, lr: torch.optim.Adamax(p, lr=lr, weight_decay=DECAY),
}
STEPS = 30


@pytest.mark.parametrize("family", FAMILIES)
def test_optimizers_step_as_torch_does_under_1cycle(family: Any) -> None:
    torch.manual_seed(0)
    matrix, rate = torch.randn(6, 6), 0.03
    stacked = torch.randn(1, 6).repeat(2, 1)
    alone = nn.Parameter(stacked[0].clone())
    theirs, ours = TORCH[family]([alone], rate), StackedOptimizer(family, weight_decay=DECAY)
    schedule = OneCycleLR(theirs, rate, total_steps=STEPS, cycle_momentum=ours.cycles_momentum)
    at = one_cycle_shape(STEPS)
    for k in range(STEPS):
        share, momentum = at(k)
        if ours.cycles_momentum:
            ours.momentum = momentum
        alone.grad = matrix @ alone.detach() + torch.cos(3 * alone.detach())
        gradient = stacked @ matrix.T + torch.cos(3 * stacked)
        theirs.step()
        ours.step(stacked, gradient, torch.tensor([[rate], [0.0]]) * share)
        if k + 1 < STEPS:
            schedule.step()
    torch.testing.assert_close(stacked[0], alone.detach(), rtol=1e-3, atol=1e-4)
    assert not torch.equal(stacked[0], stacked[1])


def _first(architecture: str, *, norm: str = "none") -> CorpusTask:
    tasks = (task_of(number) for number in range(200))
    return next(t for t in tasks if t.plan.architecture == architecture and t.plan.norm == norm)


def test_a_task_trains_as_one_member_does_in_torch() -> None:
    task = task_of(0)
    steps, rate, seed = 25, 0.02, 5
    net = task.net()
    flat = net.initial([seed])
    layers: list[nn.Module] = []
    leaves = [leaf.detach()[0].clone() for leaf in net.leaves(flat)]
    assert (task.plan.architecture, task.plan.norm, task.plan.activation) == ("mlp", "none", "relu")
    for weight, bias in zip(leaves[::2], leaves[1::2], strict=True):
        layer = nn.Linear(*weight.shape)
        layer.weight.data, layer.bias.data = weight.T.contiguous(), bias
        layers += [layer, nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    assert task.family == "sgdm"
    options = {"momentum": task.options["momentum"], "weight_decay": task.options["weight_decay"]}
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, **options)
    schedule = OneCycleLR(optimizer, rate, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=task.smoothing)
    for k, index in enumerate(batches(task, seed, steps)):
        optimizer.zero_grad()
        loss_of(model(task.data.x[index]), task.data.y[index]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), task.options["clip"])
        optimizer.step()
        if k + 1 < steps:
            schedule.step()
    held = task.data.training_points
    expected = float(nn.CrossEntropyLoss()(model(task.data.x[held:]), task.data.y[held:]).detach())
    rows = one_cycles(task, steps, [rate / 10, rate], [seed, seed + 1])
    assert [row["val_loss"] for row in rows if (row["seed"], row["max_lr"]) == (seed, rate)] == [
        pytest.approx(expected, rel=2e-3)
    ]
    assert len({row["val_loss"] for row in rows}) == 4


@pytest.mark.parametrize("architecture", ["linear", "mlp", "residual", "cnn", "attention", "recurrent"])
def test_members_do_not_touch_each_other(architecture: Any) -> None:
    task = _first(architecture, norm="ln" if architecture == "attention" else "none")
    together = range_tests(task, [1e-3, 1e-2, 1e-1], [3, 4])
    alone = range_tests(task, [1e-3, 1e-2, 1e-1], [4])
    assert together[1] == pytest.approx(alone[0], rel=1e-3)
    assert together[0] != together[1]


def test_batch_norm_is_evaluated_with_running_statistics() -> None:
    net = StackedNet(NetPlan("mlp", "bn", "relu", 4, 1, "default", zero_head=False), (3,), 2)
    leaves = net.leaves(net.initial([0]))
    x = torch.randn(1, 64, 3)
    for _ in range(200):
        net(leaves, x, training=True)
    trained = net(leaves, x, training=True)
    evaluated = net(leaves, x, training=False)
    torch.testing.assert_close(evaluated, trained, rtol=0.05, atol=0.05)
    torch.testing.assert_close(net(leaves, x[:, :1], training=False), evaluated[:, :1])


def test_a_file_follows_from_the_number_of_its_task_and_holds_the_best_rate() -> None:
    task = task_of(9)
    made = generate(task, 60)
    assert made == generate(task_of(9), 60)
    assert len(made["curves"]) == 8
    rates = sorted({row["max_lr"] for row in made["onecycle"]})
    mean = {lr: sum(r["val_loss"] or 9.0 for r in made["onecycle"] if r["max_lr"] == lr) for lr in rates}
    assert rates[0] < min(mean, key=lambda lr: mean[lr]) < rates[-1]


def test_a_few_dozen_numbers_hold_every_family_and_architecture() -> None:
    tasks = [task_of(number) for number in range(HELD_OUT, HELD_OUT + 48)]
    assert {task.family for task in tasks} == set(TURNS) == set(FAMILIES)
    assert {task.plan.architecture for task in tasks} == {
        *("linear", "mlp", "residual", "cnn", "attention", "recurrent"),
    }
    assert all(list(task.lengths) == sorted(task.lengths) for task in tasks)
