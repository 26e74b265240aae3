"""`ScheduledLR` beside torch's other schedulers: in a sequence it resumes, and what would undo it is refused."""

from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import SequentialLR

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import constant, cosine, linear
from clr_core.torch import ScheduledLR
from tests.unit.clr_core.torch.optimizers import OPTIMIZERS, RUN, made, through_a_file, train, weights


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
