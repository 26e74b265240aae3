"""Schedules: learning rate and momentum as pure functions of the step.

``triangular`` is the cyclical policy of Smith (2017), ``one_cycle`` that of Smith (2018).
"""

from clr_core.schedules.cyclical import triangular
from clr_core.schedules.one_cycle import one_cycle
from clr_core.schedules.schedule import Schedule

__all__ = ["Schedule", "one_cycle", "triangular"]
