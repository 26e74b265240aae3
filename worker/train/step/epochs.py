"""The position of a training in epochs, even if the batch size changes."""

import math
from dataclasses import dataclass

from clr_core.schedules.batch_size import BatchSizeSchedule
from jobs.spec.job import TrainSpec
from jobs.spec.schedules.builder import Length


@dataclass(frozen=True, slots=True)
class Epochs:
    """Passes over the data, counted by the samples taken.

    Attributes:
        sizes: Global batch size of every step.
        samples: Samples in the training split.
    """

    sizes: BatchSizeSchedule
    samples: int

    def at(self, done: int) -> float:
        """Return the epochs after ``done`` steps."""
        return self.sizes.samples_before(done) / self.samples

    def ends_at(self, step: int) -> bool:
        """Return whether the last sample of an epoch is taken at ``step``."""
        return self.sizes.samples_before(step + 1) // self.samples > self.sizes.samples_before(step) // self.samples

    def length_of(self, spec: TrainSpec) -> Length:
        """Return the length of a training: its ``steps``, or the steps that take all samples ``epochs`` times.

        ``steps_per_epoch`` uses the batch size after a warm start; a schedule converts lengths in epochs with it.
        """
        total_steps = spec.steps or self.sizes.steps_for(math.ceil((spec.epochs or 0) * self.samples))
        return Length(total_steps, self.samples / self.sizes.sizes[-1])
