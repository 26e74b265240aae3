"""What needs torch: schedules in front of an optimizer, and range tests in a training loop of one's own."""

from clr_core.torch.finder import find_lr
from clr_core.torch.found_lr import FoundLR
from clr_core.torch.scheduler import ScheduledLR

__all__ = ["FoundLR", "ScheduledLR", "find_lr"]
