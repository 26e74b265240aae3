"""The preview of a schedule: LR, momentum and batch size at the steps of a training."""

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import Schedule, constant_batch_size, warm_start_batch_size
from clr_core.schedules.extrema import peak_step
from jobs.spec.base import Strict, refuse
from jobs.spec.schedules.builder import Length, build_schedule
from jobs.spec.schedules.documents import ScheduleSpec
from jobs.spec.schedules.rates import Rates
from jobs.spec.training import BatchSizeWarmStart


class PreviewSpec(Strict):
    """A schedule, whose rates are numbers, and the training that it is looked at over.

    ``steps_per_epoch`` is needed where a length is given in epochs; ``momentum`` says whether there is one to cycle.
    """

    schedule: ScheduleSpec
    total_steps: Annotated[int, Field(ge=1, le=10_000_000)]
    steps_per_epoch: Annotated[float, Field(gt=0, le=1e9)] = 100.0
    momentum: bool = True
    global_batch_size: Annotated[int, Field(ge=1)] | None = None
    batch_size_warm_start: BatchSizeWarmStart | None = None
    max_points: Annotated[int, Field(ge=2, le=20_000)] = 1000

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        if not isinstance(self.schedule.peak, float):
            raise refuse("peak_not_a_number", "a preview needs rates that are numbers, not bounds to come")
        if self.batch_size_warm_start is not None and self.global_batch_size is None:
            raise refuse("missing_global_batch_size", "global_batch_size is needed beside batch_size_warm_start")
        try:
            _schedule(self)
            _batch_sizes(self, [])
        except InvalidArgumentError as error:
            raise refuse("schedule_does_not_fit", str(error)) from error
        return self


def preview(spec: PreviewSpec) -> dict[str, Any]:
    """Return the ``schedule_preview`` document: values at evenly spaced steps, including first, last and peak.

    Only these steps are computed, so ``total_steps`` costs neither time nor memory.

    Raises:
        InvalidArgumentError: The schedule does not fit the length.
    """
    schedule = _schedule(spec)
    chosen = np.linspace(0, spec.total_steps - 1, spec.max_points).round().astype(np.int64)
    steps = np.union1d(chosen, peak_step(schedule.lr, spec.total_steps))
    return {
        "object": "schedule_preview",
        "total_steps": spec.total_steps,
        "rates": Rates.asked(spec.schedule).numbers,
        "steps": steps.tolist(),
        "lr": schedule.lr.curve(steps).tolist(),
        "momentum": None if schedule.momentum is None else schedule.momentum.curve(steps).tolist(),
        "batch_size": _batch_sizes(spec, steps.tolist()),
    }


def _schedule(spec: PreviewSpec) -> Schedule:
    length = Length(spec.total_steps, spec.steps_per_epoch)
    return build_schedule(spec.schedule, Rates.asked(spec.schedule), length, cycles_momentum=spec.momentum)


def _batch_sizes(spec: PreviewSpec, steps: list[int]) -> list[int] | None:
    if spec.global_batch_size is None:
        return None
    warm = spec.batch_size_warm_start
    sizes = (
        constant_batch_size(spec.global_batch_size)
        if warm is None
        else warm_start_batch_size(spec.global_batch_size, warm.small_batch_size, warm.small_steps)
    )
    return [sizes.batch_size_at(step) for step in steps]
