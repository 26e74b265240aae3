"""Schedules: learning rate, momentum and batch size as pure functions of the step.

Every builder returns a `Schedule`, an immutable value; ``docs/schedules.md`` shows them all.
"""

from clr_core.schedules.batch_size import BatchSizeSchedule, constant_batch_size, warm_start_batch_size
from clr_core.schedules.composition import scaled, sequence, warmup
from clr_core.schedules.cyclical import exp_range, triangular, triangular2
from clr_core.schedules.decay import cosine, linear, wsd
from clr_core.schedules.epochs import steps_of_epochs
from clr_core.schedules.one_cycle import one_cycle, one_cycle_two_phase
from clr_core.schedules.piecewise_constant import constant, piecewise
from clr_core.schedules.restarts import exponential, polynomial, warm_restarts
from clr_core.schedules.schedule import Schedule, Track

__all__ = [
    "BatchSizeSchedule",
    "Schedule",
    "Track",
    "constant",
    "constant_batch_size",
    "cosine",
    "exp_range",
    "exponential",
    "linear",
    "one_cycle",
    "one_cycle_two_phase",
    "piecewise",
    "polynomial",
    "scaled",
    "sequence",
    "steps_of_epochs",
    "triangular",
    "triangular2",
    "warm_restarts",
    "warm_start_batch_size",
    "warmup",
    "wsd",
]
