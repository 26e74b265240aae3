"""The learning rates of a schedule as numbers, from its spec or from bounds."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from jobs.spec.schedules.documents import (
    AnySchedule,
    OneCycleSchedule,
    OneCycleTwoPhaseSchedule,
    RepeatingSchedule,
)

DEFAULT_DIV_FACTOR = 10.0


class Rates(BaseModel):
    """The rates of a schedule: its peak, and a foot (repeating cycles) or a ``div_factor`` (1cycle)."""

    model_config = ConfigDict(frozen=True)

    max_lr: float
    base_lr: float | None = None
    div_factor: float | None = None

    @classmethod
    def of(cls, schedule: AnySchedule, peak: float, foot: float | None = None) -> Self:
        """Return the rates of a schedule, from its document or from bounds.

        Without a foot the initial LR of 1cycle is ``max_lr / 10``: any ratio from 3 to 100 does about equally well.
        """
        if isinstance(schedule, RepeatingSchedule):
            return cls(max_lr=peak, base_lr=schedule.base_lr or foot)
        if isinstance(schedule, OneCycleSchedule | OneCycleTwoPhaseSchedule):
            return cls(max_lr=peak, div_factor=schedule.div_factor or (peak / foot if foot else DEFAULT_DIV_FACTOR))
        return cls(max_lr=peak)

    @classmethod
    def asked(cls, schedule: AnySchedule) -> Self:
        """Return the rates of a schedule whose peak is a number."""
        assert isinstance(schedule.peak, float)  # noqa: S101 - callers have resolved bounds
        return cls.of(schedule, schedule.peak)

    @property
    def numbers(self) -> dict[str, float]:
        """Return the rates that are set, by name."""
        found = {"max_lr": self.max_lr, "base_lr": self.base_lr, "div_factor": self.div_factor}
        return {name: value for name, value in found.items() if value is not None}
