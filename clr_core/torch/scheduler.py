"""Sets the rates and momenta of a schedule in a torch optimizer. Its only state is the step."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import Schedule, validation

Group = dict[str, Any]


class ScheduledLR(LRScheduler):
    """A ``torch.optim.lr_scheduler.LRScheduler`` that follows schedules of `clr_core.schedules`.

    Construction writes LR and momentum of step 0 into the optimizer, each ``step()`` those of the next step: call it
    after every ``optimizer.step()``. Past the end of a schedule its last values hold and nothing is raised.

    Momentum (of SGD and its like) or beta1 (of Adam and its like) is written only where the schedule cycles momentum.
    An LR, momentum or beta1 that the optimizer holds as a tensor stays a tensor and is filled, as ``torch.compile`` and
    CUDA graphs need. Groups that share a tensor are given one each.

    Resuming: build it as before, load the state, go on. Loading writes LR and momentum, so it does not matter whether
    the optimizer's state is loaded before or after. In a ``SequentialLR`` nothing is written if it was another
    scheduler's turn when the state was saved.

    No other scheduler may change the LR between two steps: in a ``ChainedScheduler`` or beside ``ReduceLROnPlateau``
    one would undo the other, so ``step()`` raises. `clr_core.schedules` combines schedules: ``sequence``, ``warmup``
    and ``scaled``.

    Args:
        optimizer: Any torch optimizer.
        schedule: One for all parameter groups, or a sequence of one per group.
        lr_factors: What each group's LR is multiplied by, > 0 (discriminative LRs). Left out, groups that share one
            schedule keep the ratios of the LRs the optimizer was built with, the highest of them following the
            schedule itself; groups with a schedule each follow it.
        last_epoch: The step last made, as torch has it: -1 begins with step 0, n with step n + 1.
        allow_different_schedule: Let a state be loaded that was saved under schedules of another length or under other
            factors.

    Raises:
        InvalidArgumentError: An argument outside its range; or a schedule cycles momentum and its group has none: an
            optimizer without momentum is not given one unasked.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedule: Schedule | Sequence[Schedule],
        *,
        lr_factors: Sequence[float] | None = None,
        last_epoch: int = -1,
        allow_different_schedule: bool = False,
    ) -> None:
        groups: list[Group] = optimizer.param_groups
        self._shared = schedule if isinstance(schedule, Schedule) else None
        schedules = [schedule] * len(groups) if isinstance(schedule, Schedule) else list(schedule)
        if len(schedules) != len(groups):
            raise InvalidArgumentError("schedule", f"{len(schedules)} schedules", f"one, or {len(groups)}")
        for followed, group in zip(schedules, groups, strict=True):
            _require_momentum(optimizer, followed, group)
        _separate_tensors(groups)
        rates = [initial_lr(group) for group in groups]
        self._highest = max(rates)  # what the rate of a group added later is compared with
        factors = [self._factor(rate) for rate in rates]
        if lr_factors is not None:
            factors = _checked(lr_factors, len(groups))
        self._followed = list(zip(schedules, factors, strict=True))
        self._groups = groups
        self._versions: dict[int, tuple[int, int]] = {}  # of LRs held as tensors: comparing their values would wait
        self._has_turn = True
        self._allow_different_schedule = allow_different_schedule
        validation.finite("last_epoch", last_epoch, at_least=-1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Return the LR of the present step, one for each parameter group."""
        return [schedule.lr_at(self.last_epoch) * factor for schedule, factor in self._followed]

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next step, or to step ``epoch`` where it is given, and write its LR and momentum.

        Groups that were added to the optimizer since then follow the schedule that all share, each at the ratio of its
        own LR to the highest of the LRs that the optimizer was built with.

        Raises:
            InvalidArgumentError: Groups were added, and there is one schedule per group; or the LR is no longer the
                one written at the last step, and the optimizer's state was not loaded since.
        """
        if epoch is None and self._step_count > 1:
            self._refuse_others()
            self._step_count += 1
            self.last_epoch += 1
            self._write()
            return
        if epoch is None and self._step_count == 1:
            self._refuse_others()
        super().step(epoch)  # torch's warnings about the order of calls live there

    def _update_lr(self, epoch: int | None = None) -> None:
        """Write the values of the next step or of step ``epoch``; torch's ``SequentialLR`` calls this too."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._has_turn = True
        self._write()

    def state_dict(self) -> dict[str, Any]:
        """Return the step, and what is compared with the schedules at loading: their lengths and factors.

        ``has_turn`` is False where another scheduler writes the LR, as in the first part of a ``SequentialLR``.
        """
        return {
            "step": self.last_epoch,
            "total_steps": [schedule.total_steps for schedule, _ in self._followed],
            "lr_factors": [factor for _, factor in self._followed],
            "has_turn": self._has_turn and self.last_epoch >= 0 and self._overwritten() is None,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to a saved step and write its LR and momentum; the next ``step()`` is the one after it.

        Nothing is written where another scheduler had its turn.

        Raises:
            InvalidArgumentError: The state was saved under schedules of another length or under other factors, and
                that was not allowed.
        """
        self._adopt()
        here = {
            "total_steps": [schedule.total_steps for schedule, _ in self._followed],
            "lr_factors": [factor for _, factor in self._followed],
        }
        for name, value in here.items():
            saved = state_dict.get(name, value)
            if saved != value and not self._allow_different_schedule:
                legal = f"{value} as in the schedules given, unless allow_different_schedule is set"
                raise InvalidArgumentError(name, saved, legal)
        self._has_turn = state_dict.get("has_turn", True)
        # Torch's SequentialLR takes one from the step of schedulers whose turn has not come, once for each nesting.
        step = state_dict["step"]
        self.last_epoch = validation.steps("step", step, at_least=0) if self._has_turn else int(step)
        self._step_count = max(self.last_epoch, 0) + 1
        self.optimizer._opt_called = True  # type: ignore[attr-defined]  # noqa: SLF001 - steps were taken before
        if self._has_turn:
            self._write()

    def _overwritten(self) -> int | None:
        """Return the number of a group whose LR was changed since it was written, None if there is none.

        Loading the optimizer's state replaces the list of groups. What it brings was not written by a scheduler.
        """
        groups = self.optimizer.param_groups
        if groups is not self._groups:
            return None
        for number, (group, last) in enumerate(zip(groups, self._last_lr)):  # noqa: B905 - groups may have been added
            lr = group["lr"]
            if lr is last or self._versions.get(number) == _version(lr):
                continue
            if float(lr) != float(last):
                return number
        return None

    def _refuse_others(self) -> None:
        if not self._has_turn:
            legal = "the only one that sets the LR: another scheduler had set it when this state was saved"
            raise InvalidArgumentError("schedule", type(self).__name__, legal)
        number = self._overwritten()
        if number is not None:
            name, lr = f"lr of parameter group {number}", float(self.optimizer.param_groups[number]["lr"])
            legal = (
                f"{float(self._last_lr[number])!r}, as this scheduler wrote it, since another one that changes it "
                "would be undone; combine schedules by sequence, warmup or scaled of clr_core.schedules"
            )
            raise InvalidArgumentError(name, lr, legal)

    def _write(self) -> None:
        step, groups = self.last_epoch, self.optimizer.param_groups
        last_lr: list[float | Tensor] = []
        if len(groups) != len(self._followed):
            self._adopt()
        self._groups = groups
        evaluated, lr, momentum = None, 0.0, None
        for group, (schedule, factor) in zip(groups, self._followed):  # noqa: B905 - strict costs a tenth of a step
            if schedule is not evaluated:  # neighbours share schedules, as a rule
                evaluated, lr = schedule, schedule.lr.at(step)
                momentum = None if schedule.momentum is None else schedule.momentum.at(step)
            value = lr * factor
            if type(group["lr"]) is float:  # three times as fast as to ask whether it is a tensor
                group["lr"] = value
                last_lr.append(value)
            else:
                last_lr.append(_write_lr(group, value))
                self._versions[len(last_lr) - 1] = _version(group["lr"])
            if momentum is None:
                continue
            if "betas" in group:
                _write_beta(group, momentum)
            else:
                _write_momentum(group, momentum)
        self._last_lr = last_lr

    def _adopt(self) -> None:
        known = len(self._followed)
        if known == len(self.optimizer.param_groups):
            return
        if self._shared is None:
            legal = f"{known}, one for each schedule; build a new ScheduledLR with last_epoch to go on"
            raise InvalidArgumentError("param_groups", len(self.optimizer.param_groups), legal)
        _separate_tensors(self.optimizer.param_groups)
        for group in self.optimizer.param_groups[known:]:
            _require_momentum(self.optimizer, self._shared, group)
            self._followed.append((self._shared, self._factor(initial_lr(group))))

    def _factor(self, rate: float) -> float:
        """Return what keeps the ratio of a group's first LR to the highest of all; 1 where no schedule is shared."""
        return rate / self._highest if self._shared is not None and self._highest > 0 else 1.0


def _separate_tensors(groups: list[Group]) -> None:
    """Give each group tensors of its own: optimizers let groups without their own LR or betas share one tensor."""
    seen: set[int] = set()
    for group in groups:
        if id(group["lr"]) in seen and isinstance(group["lr"], Tensor):
            group["lr"] = group["lr"].clone()
        first, *others = group.get("betas", (None,))
        if id(first) in seen and isinstance(first, Tensor):
            group["betas"] = (first.clone(), *others)
        seen |= {id(group["lr"]), id(first)}


def _checked(lr_factors: Sequence[float], groups: int) -> list[float]:
    if len(lr_factors) != groups:
        raise InvalidArgumentError("lr_factors", lr_factors, f"as many as there are parameter groups, {groups}")
    return [validation.finite("lr_factors", factor, above=0) for factor in lr_factors]


def initial_lr(group: Group) -> float:
    """Return the LR that the group was built with, and keep it where torch does."""
    lr = group["lr"]
    group.setdefault("initial_lr", lr.clone() if isinstance(lr, Tensor) else lr)
    return float(group["initial_lr"])


def _require_momentum(optimizer: Optimizer, schedule: Schedule, group: Group) -> None:
    if schedule.momentum is not None and "betas" not in group and not group.get("momentum"):
        name = f"{type(optimizer).__name__} without momentum"
        raise InvalidArgumentError("optimizer", name, "one with momentum or betas, since the schedule cycles momentum")


def _write_lr(group: Group, value: float) -> float | Tensor:
    """Write an LR that may be held as a tensor; return a copy of it."""
    held = group["lr"]
    if not isinstance(held, Tensor):
        group["lr"] = value
        return value
    return held.fill_(value).clone()


def _version(lr: float | Tensor) -> tuple[int, int]:
    """Return what differs once a tensor has been written to or replaced."""
    return (id(lr), lr._version) if isinstance(lr, Tensor) else (id(lr), -1)  # noqa: SLF001 - it has no other name


def _write_momentum(group: Group, momentum: float) -> None:
    if isinstance(group["momentum"], Tensor):
        group["momentum"].fill_(momentum)
    else:
        group["momentum"] = momentum


def _write_beta(group: Group, momentum: float) -> None:
    first, *others = group["betas"]
    if isinstance(first, Tensor):
        first.fill_(momentum)
    else:
        group["betas"] = (momentum, *others)
