"""Puts the rates and momenta of a schedule into a torch optimizer; the only state is the step."""

from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import Schedule


class ScheduledLR(LRScheduler):
    """A ``torch.optim.lr_scheduler.LRScheduler`` that follows a schedule of `clr_core.schedules`.

    Construction sets the values of step 0; each ``step()`` those of the next step. Momentum (SGD) or beta1 (Adam)
    is set only where the schedule has a momentum. Past the end the last values hold; nothing is raised.

    Args:
        optimizer: Any torch optimizer.
        schedule: A schedule for all parameter groups.

    Raises:
        InvalidArgumentError: The schedule cycles momentum, and a group has neither ``momentum`` nor ``betas``.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, schedule: Schedule) -> None:
        self.schedule = schedule
        if schedule.momentum_at(0) is not None:
            for group in optimizer.param_groups:
                if not group.get("momentum") and "betas" not in group:
                    name = type(optimizer).__name__
                    raise InvalidArgumentError("schedule", name, "one without momentum for this optimizer")
        super().__init__(optimizer)

    def get_lr(self) -> list[float | torch.Tensor]:
        """Rates of the present step, one for each parameter group."""
        return [self.schedule.lr_at(self.last_epoch)] * len(self.optimizer.param_groups)

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next step (to step ``epoch`` where it is given) and write its rate and momentum."""
        super().step(epoch)
        momentum = self.schedule.momentum_at(self.last_epoch)
        if momentum is None:
            return
        for group in self.optimizer.param_groups:
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum

    def state_dict(self) -> dict[str, Any]:
        """The step, and nothing else: everything is a function of it."""
        return {"step": self.last_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved step: the next ``step()`` is the one after it."""
        self.last_epoch = int(state_dict["step"]) - 1
        self._step_count = self.last_epoch + 1
        self.optimizer._opt_called = True  # type: ignore[attr-defined]  # noqa: SLF001 - steps were taken before
        self.step()
