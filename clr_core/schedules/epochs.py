"""Converts epochs, the unit of papers, to steps, the unit of schedules."""

import math

from clr_core.schedules import validation


def steps_of_epochs(epochs: float, steps_per_epoch: float) -> int:
    """Return the steps of ``epochs``, to the nearest whole one and at least one.

    ``max(1, floor(epochs * steps_per_epoch + 1/2))``. For ``step_size`` Smith advises 2 to 10 epochs
    (arXiv 1506.01186, section 3.2).

    Args:
        epochs: Passes over the data, > 0; a fraction is legal.
        steps_per_epoch: Optimizer updates in one pass, > 0; a fraction where the last batch is a part of one.

    Raises:
        InvalidArgumentError: An argument outside its range; the message names it, its value and the range.
    """
    exact = validation.finite("epochs", epochs, above=0) * validation.finite(
        "steps_per_epoch", steps_per_epoch, above=0
    )
    return max(1, math.floor(exact + 0.5))
