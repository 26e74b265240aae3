"""What needs torch: schedules in a torch optimizer."""

from clr_core.torch.scheduler import ScheduledLR

__all__ = ["ScheduledLR"]
