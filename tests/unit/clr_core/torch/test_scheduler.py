"""`ScheduledLR` in front of torch's optimizers: it follows, resumes, holds, and asks before it changes."""

import copy
from typing import Any

import pytest
import torch
import torch._dynamo.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import Schedule, constant, cosine, linear, one_cycle
from clr_core.torch import ScheduledLR
from tests.unit.clr_core.torch.optimizers import (
    CYCLE,
    OPTIMIZERS,
    RUN,
    made,
    through_a_file,
    train,
    weights,
)


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
