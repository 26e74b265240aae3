"""`ScheduledLR` in front of torch's optimizers: it follows, resumes, holds, and asks before it changes."""

import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch._dynamo.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import LRScheduler, SequentialLR

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import Schedule, constant, cosine, linear, one_cycle, triangular
from clr_core.torch import ScheduledLR

Build = Callable[[Any], torch.optim.Optimizer]
OPTIMIZERS: dict[str, Build] = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9),
    "sgd, nesterov": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True),
    "sgd, fused": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, fused=True),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.1),
    "adam, fused": lambda groups: torch.optim.Adam(groups, lr=0.1, fused=True),
    "adam, tensor": lambda groups: torch.optim.Adam(groups, lr=torch.tensor(0.1), foreach=False),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.1),
    "adamw, fused": lambda groups: torch.optim.AdamW(groups, lr=0.1, fused=True),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=0.1, momentum=0.9),
}
RUN = one_cycle(0.05, 120, base_momentum=0.85, max_momentum=0.95)
CYCLE = triangular(0.001, 0.02, 17, base_momentum=0.8, max_momentum=0.9)


def weights(groups: int) -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(groups)
    return [torch.nn.Parameter(torch.randn(4, generator=generator)) for _ in range(groups)]


def made(build: Build, groups: int) -> tuple[list[torch.nn.Parameter], torch.optim.Optimizer]:
    parameters = weights(groups)
    return parameters, build([{"params": [parameter]} for parameter in parameters])


def train(optimizer: torch.optim.Optimizer, scheduler: LRScheduler, first: int, count: int) -> list[list[float]]:
    """LR and momentum of every group and step; the loss of a step depends on the step alone."""
    seen = []
    for step in range(first, first + count):
        seen.append([float(value) for group in optimizer.param_groups for value in (group["lr"], momentum_of(group))])
        optimizer.zero_grad()
        target = torch.sin(torch.arange(4.0) + step)
        torch.stack([((p - target) ** 2).sum() for g in optimizer.param_groups for p in g["params"]]).sum().backward()
        optimizer.step()
        scheduler.step()
    return seen


def momentum_of(group: dict[str, Any]) -> Any:
    return group["betas"][0] if "betas" in group else group.get("momentum", 0.0)


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


@settings(max_examples=4, deadline=None)
@pytest.mark.parametrize("kind", OPTIMIZERS)
@given(stop=st.integers(0, 140), groups=st.integers(1, 4), optimizer_first=st.booleans(), data=st.data())
def test_resuming_anywhere_equals_never_stopping(
    kind: str, stop: int, groups: int, optimizer_first: bool, data: st.DataObject
) -> None:
    each: list[Schedule] = [RUN, CYCLE, RUN, CYCLE][:groups]
    schedule: Any = data.draw(st.sampled_from([RUN, CYCLE, each]))
    parameters, optimizer = made(OPTIMIZERS[kind], groups)
    scheduler = ScheduledLR(optimizer, schedule)
    train(optimizer, scheduler, 0, stop)
    saved = through_a_file({"weights": parameters, "optimizer": optimizer.state_dict(), "step": scheduler.state_dict()})
    straight_on = train(optimizer, scheduler, stop, 50)

    resumed, again = made(OPTIMIZERS[kind], groups)
    with torch.no_grad():
        for parameter, weight in zip(resumed, saved["weights"], strict=True):
            parameter.copy_(weight)
    if optimizer_first:
        again.load_state_dict(saved["optimizer"])
    follower = ScheduledLR(again, schedule)
    follower.load_state_dict(saved["step"])
    if not optimizer_first:
        again.load_state_dict(saved["optimizer"])
    assert train(again, follower, stop, 50) == straight_on
    assert all(torch.equal(a, b) for a, b in zip(parameters, resumed, strict=True))


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_update_uses_lr_and_momentum_of_its_step(kind: str) -> None:
    _, optimizer = made(OPTIMIZERS[kind], 2)
    seen = train(optimizer, ScheduledLR(optimizer, RUN), 0, 130)
    for step, values in enumerate(seen):
        assert values == pytest.approx(
            [RUN.lr_at(step), RUN.momentum_at(step)] * 2, rel=1e-6 if "tensor" in kind else 0
        )


def test_past_the_end_the_last_values_hold() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    seen = train(optimizer, ScheduledLR(optimizer, RUN), 0, 300)
    assert seen[119:] == [[0.05 / 10 / 100, 0.95]] * 181


def test_it_is_a_scheduler_of_torch_s() -> None:
    _, optimizer = made(OPTIMIZERS["adam"], 2)
    scheduler = ScheduledLR(optimizer, RUN)
    assert isinstance(scheduler, torch.optim.lr_scheduler.LRScheduler)
    assert scheduler.get_last_lr() == scheduler.get_lr() == [RUN.lr_at(0)] * 2
    train(optimizer, scheduler, 0, 3)
    assert scheduler.last_epoch == 3
    assert scheduler.get_last_lr() == [RUN.lr_at(3)] * 2


def test_a_step_given_by_number_is_gone_to() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    scheduler = ScheduledLR(optimizer, RUN)
    optimizer.step()
    with pytest.warns(UserWarning, match="epoch parameter"):
        scheduler.step(54)
    assert optimizer.param_groups[0]["lr"] == RUN.lr_at(54)
    assert optimizer.param_groups[0]["momentum"] == RUN.momentum_at(54)


def test_stepping_before_the_optimizer_is_warned_of_as_torch_does() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    scheduler = ScheduledLR(optimizer, RUN)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()


def test_last_epoch_begins_after_that_step_even_on_a_new_optimizer() -> None:
    _, optimizer = made(OPTIMIZERS["adam"], 1)
    scheduler = ScheduledLR(optimizer, RUN, last_epoch=7)
    assert scheduler.last_epoch == 8
    assert optimizer.param_groups[0]["lr"] == RUN.lr_at(8)


def test_the_state_is_the_step_and_lengths_to_compare() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 2)
    scheduler = ScheduledLR(optimizer, [RUN, CYCLE])
    train(optimizer, scheduler, 0, 3)
    assert scheduler.state_dict() == {
        "step": 3,
        "total_steps": [120, None],
        "lr_factors": [1.0, 1.0],
        "has_turn": True,
    }
    assert copy.deepcopy(scheduler).state_dict() == scheduler.state_dict()


def test_another_length_is_refused_on_resume_unless_asked_for() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    state = ScheduledLR(optimizer, linear(0.1, 100)).state_dict() | {"step": 50}
    longer = linear(0.1, 200)
    with pytest.raises(InvalidArgumentError, match=r"total_steps must be \[200\] .* got \[100\]"):
        ScheduledLR(optimizer, longer).load_state_dict(state)
    ScheduledLR(optimizer, longer, allow_different_schedule=True).load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == longer.lr_at(50)


def test_the_step_alone_is_state_enough() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    ScheduledLR(optimizer, RUN).load_state_dict({"step": 40})
    assert optimizer.param_groups[0]["lr"] == RUN.lr_at(40)


def test_groups_keep_the_ratios_of_their_lrs_when_they_share_a_schedule() -> None:
    rates = zip(weights(3), (0.2, 0.05, 0.1), strict=True)
    optimizer = torch.optim.SGD([{"params": [parameter], "lr": lr} for parameter, lr in rates], lr=7)
    scheduler = ScheduledLR(optimizer, cosine(0.8, 10))
    assert scheduler.get_last_lr() == [0.8, 0.2, 0.4]
    train(optimizer, scheduler, 0, 5)
    assert scheduler.get_last_lr() == pytest.approx([0.4, 0.1, 0.2], rel=1e-15)


def test_factors_set_discriminative_lrs() -> None:
    _, optimizer = made(OPTIMIZERS["adamw"], 3)
    scheduler = ScheduledLR(optimizer, RUN, lr_factors=[1.0, 0.25, 4.0])
    train(optimizer, scheduler, 0, 30)
    lr = RUN.lr_at(30)
    assert scheduler.get_last_lr() == [lr, lr / 4, lr * 4]


def test_a_schedule_per_group_is_followed_as_it_is() -> None:
    parameters = weights(2)
    optimizer = torch.optim.SGD([{"params": [p], "lr": lr} for p, lr in zip(parameters, (0.1, 1.0), strict=True)], lr=1)
    assert ScheduledLR(optimizer, [constant(0.3), constant(0.4)]).get_last_lr() == [0.3, 0.4]


def test_momentum_that_does_not_cycle_is_left_alone() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    seen = train(optimizer, ScheduledLR(optimizer, one_cycle(0.05, 20)), 0, 20)
    assert {momentum for _, momentum in seen} == {0.9}


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.RMSprop, torch.optim.Adagrad])
def test_an_optimizer_without_momentum_is_given_none_unasked(kind: Any) -> None:
    optimizer = kind(weights(1), lr=0.1)
    with pytest.raises(InvalidArgumentError, match="optimizer must be one with momentum or betas"):
        ScheduledLR(optimizer, RUN)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_tensors_stay_the_tensors_they_are() -> None:
    lr, beta = torch.tensor(0.5), torch.tensor(0.9)
    optimizer = torch.optim.Adam(weights(1), lr=lr, betas=(beta, torch.tensor(0.999)), foreach=False, capturable=False)
    scheduler = ScheduledLR(optimizer, RUN)
    train(optimizer, scheduler, 0, 9)
    group = optimizer.param_groups[0]
    assert group["lr"] is lr
    assert group["betas"][0] is beta
    assert float(lr) == pytest.approx(RUN.lr_at(9), rel=1e-6)
    assert float(beta) == pytest.approx(RUN.momentum_at(9), rel=1e-6)
    assert scheduler.get_last_lr()[0] is not lr


def test_groups_that_share_a_tensor_get_an_lr_and_a_beta_each() -> None:
    betas = torch.tensor(0.9), torch.tensor(0.999)
    groups = [{"params": [parameter]} for parameter in weights(2)]
    optimizer = torch.optim.Adam(groups, lr=torch.tensor(0.1), betas=betas, foreach=False)
    ScheduledLR(optimizer, [RUN, CYCLE])
    first, second = optimizer.param_groups
    assert [float(first["lr"]), float(second["lr"])] == pytest.approx([RUN.lr_at(0), CYCLE.lr_at(0)])
    assert [float(first["betas"][0]), float(second["betas"][0])] == pytest.approx([0.95, 0.9])


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_a_group_added_in_mid_cycle_follows_from_the_next_step(kind: str) -> None:
    _, optimizer = made(OPTIMIZERS[kind], 1)
    scheduler = ScheduledLR(optimizer, RUN)
    train(optimizer, scheduler, 0, 20)
    optimizer.add_param_group({"params": weights(2)[1:]})
    seen = train(optimizer, scheduler, 20, 20)
    assert seen[1] == [RUN.lr_at(21), RUN.momentum_at(21)] * 2
    assert scheduler.get_last_lr() == [RUN.lr_at(40)] * 2


def test_a_group_added_beside_one_schedule_per_group_is_refused() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    scheduler = ScheduledLR(optimizer, [RUN])
    optimizer.step()
    optimizer.add_param_group({"params": weights(2)[1:]})
    with pytest.raises(InvalidArgumentError, match="param_groups must be 1, one for each schedule"):
        scheduler.step()


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"schedule": [RUN]}, "schedule"),
        ({"schedule": []}, "schedule"),
        ({"schedule": RUN, "lr_factors": [1.0]}, "lr_factors"),
        ({"schedule": RUN, "lr_factors": [1.0, 0.0]}, "lr_factors"),
        ({"schedule": RUN, "last_epoch": -2}, "last_epoch"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], name: str) -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 2)
    with pytest.raises(InvalidArgumentError) as refusal:
        ScheduledLR(optimizer, **arguments)
    assert refusal.value.name == name


def test_a_state_that_holds_no_step_is_refused() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    schedule: Schedule = RUN
    with pytest.raises(InvalidArgumentError, match="step must be"):
        ScheduledLR(optimizer, schedule).load_state_dict({"step": -3})


def warmed_up(lr: float = 0.1) -> tuple[torch.optim.Optimizer, SequentialLR, ScheduledLR]:
    """Ten steps of torch's warm-up, then ours."""
    optimizer = torch.optim.SGD(weights(1), lr=lr, momentum=0.9)
    ramp = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=10)
    ours = ScheduledLR(optimizer, cosine(lr, 90))
    return optimizer, SequentialLR(optimizer, [ramp, ours], [10]), ours


def decayed_later(lr: float = 0.1) -> tuple[torch.optim.Optimizer, SequentialLR, ScheduledLR]:
    """Ten steps of ours, then torch's exponential decay."""
    optimizer = torch.optim.SGD(weights(1), lr=lr, momentum=0.9)
    ours = ScheduledLR(optimizer, linear(lr, 12))
    decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.97)
    return optimizer, SequentialLR(optimizer, [ours, decay], [10]), ours


@pytest.mark.parametrize("build", [warmed_up, decayed_later])
@pytest.mark.parametrize("optimizer_first", [True, False])
@pytest.mark.parametrize("stop", [0, 1, 5, 9, 10, 11, 25])
def test_resuming_within_torch_s_sequence_equals_never_stopping(build: Any, optimizer_first: bool, stop: int) -> None:
    optimizer, scheduler, _ = build()
    train(optimizer, scheduler, 0, stop)
    saved = through_a_file({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
    straight_on = train(optimizer, scheduler, stop, 30)

    again, follower, _ = build()
    if optimizer_first:
        again.load_state_dict(saved["optimizer"])
    follower.load_state_dict(saved["scheduler"])
    if not optimizer_first:
        again.load_state_dict(saved["optimizer"])
    twice = through_a_file({"scheduler": follower.state_dict()})
    assert twice["scheduler"]["_schedulers"] == saved["scheduler"]["_schedulers"]
    assert train(again, follower, stop, 30) == straight_on


def test_torch_s_sequence_writes_momentum_where_ours_begins() -> None:
    optimizer = torch.optim.SGD(weights(1), lr=0.1, momentum=0.9)
    first = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=3)
    ours = ScheduledLR(optimizer, RUN)
    scheduler = SequentialLR(optimizer, [first, ours], [3])
    optimizer.param_groups[0]["momentum"] = 0.5
    seen = train(optimizer, scheduler, 0, 5)
    assert seen[3] == [RUN.lr_at(0), RUN.momentum_at(0)]
    assert seen[4] == [RUN.lr_at(1), RUN.momentum_at(1)]


@pytest.mark.parametrize("ours_first", [True, False])
@pytest.mark.parametrize(
    "other",
    [
        lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9),
        lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.9**step),
        lambda optimizer: torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=10),
        lambda optimizer: ScheduledLR(optimizer, constant(0.3)),
    ],
    ids=["exponential", "lambda", "warm-up", "ours"],
)
@pytest.mark.parametrize("kind", ["sgd", "adam, tensor"])
def test_a_chain_in_which_one_undoes_the_other_is_refused(kind: str, other: Any, ours_first: bool) -> None:
    _, optimizer = made(OPTIMIZERS[kind], 1)
    builders = [lambda optimizer: ScheduledLR(optimizer, RUN), other]
    links = [build(optimizer) for build in (builders if ours_first else reversed(builders))]
    chain: Any = torch.optim.lr_scheduler.ChainedScheduler(links)
    with pytest.raises(InvalidArgumentError, match=r"lr of parameter group 0 must be .* since another"):
        train(optimizer, chain, 0, 2)


@pytest.mark.parametrize("kind", ["sgd", "adam, tensor"])
def test_a_plateau_s_reduction_is_not_undone_in_silence(kind: str) -> None:
    _, optimizer = made(OPTIMIZERS[kind], 2)
    scheduler = ScheduledLR(optimizer, RUN)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    train(optimizer, scheduler, 0, 5)
    plateau.step(1.0)
    train(optimizer, scheduler, 5, 5)
    plateau.step(2.0)
    optimizer.step()
    with pytest.raises(InvalidArgumentError, match=r"lr of parameter group 0 must be .* since another"):
        scheduler.step()
    resumed = ScheduledLR(made(OPTIMIZERS[kind], 2)[1], RUN)
    resumed.load_state_dict(scheduler.state_dict())
    with pytest.raises(InvalidArgumentError, match=r"schedule must be the only one"):
        resumed.step()


def test_an_optimizer_s_state_of_another_run_is_no_other_scheduler() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 1)
    other = torch.optim.SGD(weights(1), lr=7.0, momentum=0.5)
    scheduler = ScheduledLR(optimizer, RUN)
    optimizer.load_state_dict(other.state_dict())
    assert train(optimizer, scheduler, 0, 2)[1] == [RUN.lr_at(1), RUN.momentum_at(1)]


def test_a_group_added_in_mid_run_follows_by_the_ratio_of_its_own_rate() -> None:
    parameters = weights(3)
    optimizer = torch.optim.SGD([{"params": parameters[:1], "lr": 0.2}, {"params": parameters[1:2], "lr": 0.1}], lr=0.2)
    scheduler = ScheduledLR(optimizer, cosine(0.8, 10))
    train(optimizer, scheduler, 0, 3)
    optimizer.add_param_group({"params": parameters[2:], "lr": 0.05})
    train(optimizer, scheduler, 3, 2)
    lr = cosine(0.8, 10).lr_at(5)
    assert scheduler.get_last_lr() == pytest.approx([lr, lr / 2, lr / 4], rel=1e-15)
    saved = through_a_file({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})

    groups = [{"params": [p], "lr": rate} for p, rate in zip(weights(3), (0.2, 0.1, 0.05), strict=True)]
    again = torch.optim.SGD(groups, lr=0.2)
    follower = ScheduledLR(again, cosine(0.8, 10))
    follower.load_state_dict(saved["scheduler"])
    assert follower.get_last_lr() == scheduler.get_last_lr()


def test_other_factors_are_refused_on_resume_unless_asked_for() -> None:
    _, optimizer = made(OPTIMIZERS["sgd"], 2)
    state = ScheduledLR(optimizer, RUN, lr_factors=[1.0, 0.5]).state_dict()
    with pytest.raises(InvalidArgumentError, match=r"lr_factors must be \[1.0, 1.0\] .* got \[1.0, 0.5\]"):
        ScheduledLR(optimizer, RUN).load_state_dict(state)
    ScheduledLR(optimizer, RUN, allow_different_schedule=True).load_state_dict(state)
    assert optimizer.param_groups[1]["lr"] == RUN.lr_at(0)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_compiled_steps_with_lr_and_betas_as_tensors_make_one_graph() -> None:
    betas = torch.tensor(0.9), torch.tensor(0.999)
    optimizer = torch.optim.AdamW(weights(2), lr=torch.tensor(0.1), betas=betas)
    scheduler = ScheduledLR(optimizer, RUN)
    counter = torch._dynamo.testing.CompileCounter()
    compiled = torch.compile(optimizer.step, backend=counter)
    for _ in range(12):
        for parameter in optimizer.param_groups[0]["params"]:
            parameter.grad = parameter.detach() / 10
        compiled()
        scheduler.step()
    assert counter.frame_count == 1
    assert optimizer.param_groups[0]["betas"][0] is betas[0]
