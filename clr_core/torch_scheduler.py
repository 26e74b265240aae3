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
    An LR that the optimizer holds as a tensor stays that tensor and is filled, as ``torch.compile`` and CUDA graphs
    need.

    Resuming: build it as before, load the state, go on. Loading writes LR and momentum, so it does not matter whether
    the optimizer's state is loaded before or after.

    Args:
        optimizer: Any torch optimizer.
        schedule: One for all parameter groups, or a sequence of one per group.
        lr_factors: What each group's LR is multiplied by, > 0 (discriminative LRs). Left out, groups that share one
            schedule keep the ratios of the LRs the optimizer was built with, the highest of them following the
            schedule itself; groups with a schedule each follow it.
        last_epoch: The step last made, as torch has it: -1 begins with step 0, n with step n + 1.
        allow_different_total_steps: Let a state be loaded that was saved under schedules of another length.

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
        allow_different_total_steps: bool = False,
    ) -> None:
        groups: list[Group] = optimizer.param_groups
        self._shared = schedule if isinstance(schedule, Schedule) else None
        schedules = [schedule] * len(groups) if isinstance(schedule, Schedule) else list(schedule)
        if len(schedules) != len(groups):
            raise InvalidArgumentError("schedule", f"{len(schedules)} schedules", f"one, or {len(groups)}")
        for followed, group in zip(schedules, groups, strict=True):
            _require_momentum(optimizer, followed, group)
            group.setdefault("initial_lr", group["lr"].clone() if isinstance(group["lr"], Tensor) else group["lr"])
        factors = _ratios(groups, shared=self._shared is not None)
        if lr_factors is not None:
            factors = _checked(lr_factors, len(groups))
        self._followed = list(zip(schedules, factors, strict=True))
        self._allow_different_total_steps = allow_different_total_steps
        validation.finite("last_epoch", last_epoch, at_least=-1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Return the LR of the present step, one for each parameter group."""
        return [schedule.lr_at(self.last_epoch) * factor for schedule, factor in self._followed]

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next step, or to step ``epoch`` where it is given, and write its LR and momentum.

        Groups that were added to the optimizer since then follow the schedule that all share, with a factor of 1.

        Raises:
            InvalidArgumentError: Groups were added, and there is one schedule per group.
        """
        if epoch is None and self._step_count > 1:
            self._step_count += 1
            self.last_epoch += 1
        else:  # torch's warnings about the order of calls live there
            self._adopt()
            super().step(epoch)
        self._write()

    def state_dict(self) -> dict[str, Any]:
        """Return the step; the length of each schedule stands beside it to be compared, not restored."""
        return {"step": self.last_epoch, "total_steps": [schedule.total_steps for schedule, _ in self._followed]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to a saved step and write its LR and momentum; the next ``step()`` is the one after it.

        Raises:
            InvalidArgumentError: The state was saved under schedules of another length, and that was not allowed.
        """
        here = [schedule.total_steps for schedule, _ in self._followed]
        saved = state_dict.get("total_steps", here)
        if saved != here and not self._allow_different_total_steps:
            legal = f"{here} as in the schedules given, unless allow_different_total_steps is set"
            raise InvalidArgumentError("total_steps", saved, legal)
        self.last_epoch = validation.steps("step", state_dict["step"], at_least=0)
        self._step_count = self.last_epoch + 1
        self.optimizer._opt_called = True  # type: ignore[attr-defined]  # noqa: SLF001 - steps were taken before
        self._write()

    def _write(self) -> None:
        step, groups = self.last_epoch, self.optimizer.param_groups
        last_lr: list[float | Tensor] = []
        if len(groups) != len(self._followed):
            self._adopt()
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
            if momentum is None:
                continue
            if "betas" in group:
                _write_beta(group, momentum)
            else:
                group["momentum"] = momentum
        self._last_lr = last_lr

    def _adopt(self) -> None:
        known = len(self._followed)
        if known == len(self.optimizer.param_groups):
            return
        if self._shared is None:
            legal = f"{known}, one for each schedule; build a new ScheduledLR with last_epoch to go on"
            raise InvalidArgumentError("param_groups", len(self.optimizer.param_groups), legal)
        for group in self.optimizer.param_groups[known:]:
            _require_momentum(self.optimizer, self._shared, group)
            self._followed.append((self._shared, 1.0))


def _checked(lr_factors: Sequence[float], groups: int) -> list[float]:
    if len(lr_factors) != groups:
        raise InvalidArgumentError("lr_factors", lr_factors, f"as many as there are parameter groups, {groups}")
    return [validation.finite("lr_factors", factor, above=0) for factor in lr_factors]


def _ratios(groups: list[Group], *, shared: bool) -> list[float]:
    """Return what keeps the ratios of the groups' first LRs; 1 for all where those are equal or not shared."""
    rates = [float(group["initial_lr"]) for group in groups]
    highest = max(rates)
    return [rate / highest if shared and highest > 0 else 1.0 for rate in rates]


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


def _write_beta(group: Group, momentum: float) -> None:
    first, *others = group["betas"]
    if isinstance(first, Tensor):
        first.fill_(momentum)
    else:
        group["betas"] = (momentum, *others)
